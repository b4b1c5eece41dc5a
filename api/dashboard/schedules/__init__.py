"""Pages of schedules: the list, one of them, and what can be done to one or to many."""
