"""Who is told of what goes wrong."""
