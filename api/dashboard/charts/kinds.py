"""Kinds of marks, told apart by more than their colour: each has a sign, and whether it stands up or hangs down."""

import re

SIGNS = {
    "succeeded": "✓",
    "failed": "✗",
    "error": "✗",
    "running": "▶",
    "queued": "…",
    "retrying": "↻",
    "skipped": "\u2013",
    "cancelled": "■",
    "planned": "○",
    "paused": "‖",
}
"""As `.state` shows them in tables."""

BAD = frozenset({"failed", "error"})
HOLLOW = frozenset({"planned", "queued", "running", "retrying", "cancelled"})
"""Of these nothing is filled: they have not ended by themselves."""

FLAT = frozenset({"skipped", "paused"})
"""Nothing ran."""

_NO_CLASS = re.compile(r"[^a-z0-9]+")


def class_of(kind: str) -> str:
    """The CSS class of a kind."""
    return f"kind-{_NO_CLASS.sub('-', kind.lower()).strip('-') or 'none'}"


def sign_of(kind: str) -> str:
    """One character for it; none for what is no state."""
    return SIGNS.get(kind, "")
