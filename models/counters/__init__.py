"""Counters of metrics that no row says: counted in memory by each process, added up in a table."""
