"""Claiming: from what a broker delivers to runs that this process holds."""
