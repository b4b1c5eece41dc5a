"""Commands: what people ask for, one function an act, in the caller's transaction."""
