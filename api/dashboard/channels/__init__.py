"""Pages of channels: who is told when something goes wrong, what they were told, and the form of one."""
