"""What the client stands on: connection, profiles, and what errors say."""
