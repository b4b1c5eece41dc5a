"""How pages say things: numbers, spans, instants and JSON in words, as filters of templates."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from markupsafe import Markup

_UNITS = ((86400, "d"), (3600, "h"), (60, "min"))


def span(seconds: float | None) -> str:
    """A time span: `430 ms`, `12.3 s`, `4 min 10 s`, `2 d 3 h`."""
    if seconds is None:
        return ""
    sign, seconds = ("-" if seconds < 0 else ""), abs(seconds)
    if seconds < 1:
        return f"{sign}{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{sign}{seconds:.3g} s"
    parts = []
    left = round(seconds)
    for size, unit in (*_UNITS, (1, "s")):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {unit}")
    return sign + " ".join(parts[:2])


def instant(at: datetime | None, zone: str | None = None) -> Markup:
    """An instant for scripts and for people: UTC as it stands there, and what a script makes of it."""
    if at is None:
        return Markup("")
    at = at.astimezone(UTC)
    of_zone = Markup(' data-zone="{}"').format(zone) if zone else ""
    return Markup('<time datetime="{}"{}>{}</time>').format(
        at.isoformat().replace("+00:00", "Z"), of_zone, at.strftime("%Y-%m-%d %H:%M:%S UTC")
    )


def pretty(value: Any) -> str:
    """JSON to be read: whole numbers stay exact."""
    return json.dumps(value, indent=2, ensure_ascii=False, sort_keys=False)


def count(number: int) -> str:
    """A number with its thousands apart, by thin spaces."""
    return f"{number:,}".replace(",", "\u202f")


FILTERS: Mapping[str, Callable[..., Any]] = {"span": span, "instant": instant, "pretty": pretty, "count": count}
