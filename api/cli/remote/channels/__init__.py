"""Channels by the command line."""
