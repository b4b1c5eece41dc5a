"""How a process becomes a worker."""
