"""Commands that ask a callsheet over HTTP, one file a noun, and the client that they use."""
