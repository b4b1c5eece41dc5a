"""Pages of runs: the list, one of them, and what is done to one or to many."""
