"""What needs somebody to look at it: what is late, fails, or is paused. Each look is bounded, whatever there is."""
