"""How a request becomes a call of a function, and what that answers becomes a response."""
