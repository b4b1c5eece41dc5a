"""Metrics: what Prometheus is told, and what a web process counts of its own."""
