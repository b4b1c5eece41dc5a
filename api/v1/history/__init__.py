"""What lies behind, summed up."""
