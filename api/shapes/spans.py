"""Spans of time as people write and read them."""

import re

_UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, "w": 604800}
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(min|[smhdw])\s*")
_SPAN = re.compile(rf"(?:{_PART.pattern})+")


def read_span(text: str) -> float | None:
    """The seconds of `90s`, `2h`, `1d12h` or `1 h 30 min`; None for other text."""
    if not _SPAN.fullmatch(text):
        return None
    return sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))


_SAID = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def say_span(seconds: float | None, parts: int = 2) -> str:
    """A span in its largest units: `430 ms`, `12.3 s`, `4 min 10 s`, `2 d 3 h`; nothing for None."""
    if seconds is None:
        return ""
    sign, seconds = ("-" if seconds < 0 else ""), abs(seconds)
    if seconds < 1:
        return f"{sign}{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{sign}{seconds:.3g} s"
    said, left = [], round(seconds)
    for size, unit in _SAID:
        count, left = divmod(left, size)
        if count:
            said.append(f"{count} {unit}")
    return sign + " ".join(said[:parts])
