"""What `callsheet doctor` looks at, one file a server."""
