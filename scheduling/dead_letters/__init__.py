"""Dead letters: how many of them the broker keeps of each queue."""
