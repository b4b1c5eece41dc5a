"""Middleware: what Dramatiq calls of the engine; `worker/wiring.py` has their order."""
