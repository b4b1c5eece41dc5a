"""Channels: create, replace and delete them, and try whether they work."""
