"""SQL of verify: which slots must be there, which rows are, and what was found last."""
