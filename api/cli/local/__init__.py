"""Commands that work on this machine, not over HTTP."""
