"""SQL of what runs print, and how far they are, while they go on: apart from their rows, and gone with the attempt."""
