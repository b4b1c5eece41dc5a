"""Contracts: what a caller may give an actor, by its callable's signature and hints, and how that is handed over."""
