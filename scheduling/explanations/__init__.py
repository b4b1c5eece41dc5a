"""Why a slot did or did not run, in words. Every module here is pure."""
