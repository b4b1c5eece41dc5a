"""Spans of time as people write them."""

import re

_UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, "w": 604800}
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(min|[smhdw])\s*")
_SPAN = re.compile(rf"(?:{_PART.pattern})+")


def read_span(text: str) -> float | None:
    """The seconds of `90s`, `2h`, `1d12h` or `1 h 30 min`; None for other text."""
    if not _SPAN.fullmatch(text):
        return None
    return sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))
