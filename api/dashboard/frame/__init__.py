"""What every page stands on: who visits, what they ask for, how a page is written, and what its answer says."""
