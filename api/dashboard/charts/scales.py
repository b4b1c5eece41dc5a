"""Numbers and times of charts: where they are, at which ticks there are lines, and how they are said."""

import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo

from api.shapes.spans import say_span

LARGEST = 1e300
"""What is beyond counts as this: there is room to reckon with it."""

_TIMES = tuple(
    timedelta(minutes=minutes)
    for minutes in (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10080, 20160, 43200, 129600, 525600)
)
_SECONDS = tuple(
    float(seconds)
    for seconds in (10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800)
)
_SIZES = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def finite(value: float) -> float:
    """The number, as far as one can draw it: what is no number counts as 0."""
    if isinstance(value, int) and abs(value) < LARGEST:
        return value
    return 0.0 if value != value else float(max(-LARGEST, min(LARGEST, value)))


def ticks(most: float, wanted: int = 4, unit: str = "") -> list[float]:
    """Round numbers from 0 to the most or just beyond, about so many steps; of seconds, as clocks count them."""
    if most <= 0:
        return [0.0, 1.0]
    step = most / wanted
    size = 10.0 ** math.floor(math.log10(step))
    decimal = next((size * factor for factor in (1, 2, 2.5, 5, 10) if step <= size * factor * (1 + 1e-9)), size * 10)
    if unit in ("s", "seconds") and step > 5:
        decimal = next((seconds for seconds in _SECONDS if step <= seconds), decimal)
    step = decimal
    return [step * number for number in range(math.ceil(most / step - 1e-9) + 1)]


def share(part: float, whole: float) -> float:
    """Which part it is, from 0 to 1; of nothing it is none."""
    return max(0.0, min(1.0, part / whole)) if whole > 0 else 0.0


def place(at: datetime, since: datetime, until: datetime) -> float:
    """Where an instant is between two, from 0 to 1. What is outside is at an end; in no time all is in the middle."""
    if until <= since:
        return 0.5
    return max(0.0, min(1.0, (at - since) / (until - since)))


def time_ticks(since: datetime, until: datetime, zone: tzinfo = UTC, wanted: int = 8) -> Iterator[tuple[datetime, str]]:
    """Round times of that zone from one instant to another, at most so many, and how a clock shows them."""
    length = until - since
    if length <= timedelta(0):
        return
    step = next((each for each in _TIMES if length / each <= wanted), length)
    midnight = since.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    days = step >= timedelta(days=1)
    shown = ""
    for number in range(math.ceil((until - midnight) / step) + 1):
        at = (midnight.astimezone(UTC) + number * step).astimezone(zone)
        if not since <= at <= until:
            continue
        day = at.strftime("%m-%d")
        yield at, day if days else at.strftime("%H:%M") if day == shown else at.strftime("%m-%d %H:%M")
        shown = day


def clock(at: datetime, zone: tzinfo = UTC) -> str:
    """An instant in full."""
    local = at.astimezone(zone)
    return f"{local:%Y-%m-%d %H:%M:%S} {'UTC' if zone is UTC else local.tzname() or ''}".rstrip()


def say(value: float, unit: str) -> str:
    """A number with its unit: `4 min 10 s`, `12 %`, `1 run`, `2,000 runs`."""
    value = finite(value)
    if unit in ("s", "seconds"):
        return say_span(value) if abs(value) < 1e12 else f"{short(value)} s"
    return f"{number(value)} {unit[:-1] if value == 1 and len(unit) > 1 and unit.endswith('s') else unit}".rstrip()


def number(value: float) -> str:
    """A number in full: a whole one exactly, with its thousands apart."""
    value = finite(value)
    if isinstance(value, int) or (value.is_integer() and abs(value) < 1e15):
        return f"{int(value):,}".replace(",", "\u202f")
    return f"{value:.4g}"


def short(value: float, unit: str = "") -> str:
    """A number where there is little room: `12`, `1.2k`, `3M`."""
    value = finite(value)
    if unit in ("s", "seconds") and abs(value) < 1e12:
        return say_span(value) if value else "0 s"
    for size, letter in _SIZES:
        if abs(value) >= 10_000 and size <= abs(value) < size * 1000:
            return f"{value / size:.3g}{letter}"
    return f"{value:.4g}"


def cut(text: str, length: int) -> str:
    """A text that has at most so many characters."""
    return text if len(text) <= length else f"{text[: length - 1]}…"
