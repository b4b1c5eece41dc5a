"""Channels and deliveries as the API shows them."""
