"""Examples of what goes in and out, for the description of the API."""
