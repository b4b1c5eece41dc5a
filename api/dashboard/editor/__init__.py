"""The editor of schedules: a form of all that a definition has, what it will do, and what others did meanwhile."""
