"""The timeline: what ran and what is to come around now, and how much there is to come in the next days."""
