"""Live: what runs print, and how far they are, on its way to people while the runs go on."""
