"""Notices: which channel is told of what has happened, decided and handed to the actor that tells."""
