"""What goes out by a channel: a notice in words, and these as each kind of channel takes them. Pure."""
