"""Why things are as they are: what is known of a run or a slot, read and shown."""
