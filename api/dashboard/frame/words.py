"""How pages say things: numbers, spans, instants and JSON in words, as filters of templates."""

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from markupsafe import Markup

from api.shapes.spans import say_span

_ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # colours, and moves of the cursor
    r"|\x1b[\]P^_X][^\x07\x1b]*(?:\x07|\x1b\\)"  # titles, links
    r"|\x1b[ -/]*[0-~]"
)
"""What terminals take as orders (ECMA-48)."""

_CONTROLS = [*range(0x20), *range(0x7F, 0xA0)]
_VISIBLE = {each: chr(0x2400 + each) if each < 0x20 else "\N{REPLACEMENT CHARACTER}" for each in _CONTROLS}
_VISIBLE |= {ord("\n"): "\n", ord("\t"): "\t"}


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


def printed(text: str) -> str:
    """What a program has printed, for a page: without colours and the like, its other control characters made visible;
    what it wrote over a line is a line of its own."""
    plain = _ESCAPES.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    return plain.translate(_VISIBLE)


FILTERS: Mapping[str, Callable[..., Any]] = {
    "span": say_span, "instant": instant, "pretty": pretty, "count": count, "printed": printed
}  # fmt: skip
