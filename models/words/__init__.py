"""The words of callsheet, their kinds, bounds and names."""
