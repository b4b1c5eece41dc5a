"""Keeping: the life of a worker process, what it holds, and its word to the database."""
