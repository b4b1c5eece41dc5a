"""What statements are made of, and the small ones that all the others use."""
