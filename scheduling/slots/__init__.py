"""Slots: when a schedule is due, and what becomes of what is due. Every module here is pure."""
