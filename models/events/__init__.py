"""The log of events: what has changed, noted where it changes, numbered, told to others, and kept for an hour."""
