"""Notices: whom people want to have told of what, how far that has come, and what they have been told."""
