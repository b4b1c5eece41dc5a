"""One thing with all of its fields, for people: names and values below each other, and what is inside of them too."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from api.cli.times import show_instant

_PLAIN = re.compile(r"[^\s,]+")
"""Text that a comma tells from the next; other lists are shown as JSON has them."""


def field_lines(item: Mapping[str, Any], time: str) -> Iterator[tuple[str, str]]:
    """Names and values of what is not empty; a value may have several lines."""
    for name, value in item.items():
        if not _is_empty(value):
            yield name, "\n".join(_lines(name, value, time)).rstrip()


def show_details(item: Mapping[str, Any], time: str, *, is_coloured: bool) -> None:
    """Print them."""
    fields = list(field_lines(item, time))
    width = max((len(name) for name, _ in fields), default=0)
    for name, value in fields:
        shown = f"\033[1m{name.ljust(width)}\033[0m" if is_coloured else name.ljust(width)
        print(f"{shown}  {value.replace(chr(10), chr(10) + ' ' * (width + 2))}")


def as_text(value: Any) -> str:
    """A value in a cell."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, list) and all(isinstance(each, str) and _PLAIN.fullmatch(each) for each in value):
        value = ", ".join(value)
    return printable(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def printable(text: str) -> str:
    """Text that moves nobody's cursor: what others have written may hold anything."""
    return "".join(each if each.isprintable() or each == "\n" else repr(each)[1:-1] for each in text)


def _lines(name: str, value: Any, time: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, each in value.items():
            if not _is_empty(each):
                yield from _below(f"{printable(key)}:", list(_lines(key, each, time)), is_scalar=_is_scalar(each))
    elif isinstance(value, list) and any(isinstance(each, Mapping) for each in value):
        for each in value:
            first, *others = list(_lines(name, each, time)) or [""]
            yield f"- {first}"
            yield from (f"  {line}" for line in others)
    elif isinstance(value, str) and _is_instant(name, value):
        yield show_instant(value, time)
    else:
        yield from as_text(value).split("\n")


def _below(title: str, lines: list[str], *, is_scalar: bool) -> Iterator[str]:
    if is_scalar and len(lines) == 1:
        yield f"{title} {lines[0]}"
    else:
        yield title
        yield from (f"  {line}" for line in lines)


def _is_instant(name: str, value: str) -> bool:
    """Whether a field of that name holds one; arguments of people's may be called so as well."""
    if not name.endswith(("_at", "_until")) and name not in ("at", "due", "since", "until"):
        return False
    try:
        show_instant(value, "utc")
    except ValueError:
        return False
    return value.endswith("Z")


def _is_scalar(value: Any) -> bool:
    return not isinstance(value, Mapping) and not (
        isinstance(value, list) and any(isinstance(e, Mapping) for e in value)
    )


def _is_empty(value: Any) -> bool:
    return value is None or value in ("", [], {})
