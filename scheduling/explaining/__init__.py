"""Reading what explanations are made of."""
