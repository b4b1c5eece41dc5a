"""Connections and programs that an interrupt can end: what actors reach the outside world by."""
