"""Tables, states and all SQL of callsheet: one function per statement."""
