"""Publishers: ways to a broker."""
