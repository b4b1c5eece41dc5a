"""Running: one attempt, from its first line to what its end means."""
