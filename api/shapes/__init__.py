"""What goes in and out: the bodies that clients send, and rows as they see them."""
