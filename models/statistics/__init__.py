"""Statistics: how many attempts and runs have ended how, how late they began and how long they took."""
