"""Which text PostgreSQL can hold."""

import re
from typing import Any

# Neither its text nor UTF-8 has these.
_UNFIT = re.compile("[\x00\ud800-\udfff]")


def is_storable(text: str) -> bool:
    """Whether PostgreSQL can hold the text: it has no NUL and no half of a surrogate pair."""
    return _UNFIT.search(text) is None


MAX_DEPTH = 64
"""How deep what comes in may be nested: beyond some hundreds of levels nobody can write it again as JSON."""


def is_deep(value: Any) -> bool:
    """Whether a structure of JSON is nested deeper than that. Without recursion."""
    level, depth = [value], 0
    while level and depth <= MAX_DEPTH:
        level = [item for each in level if isinstance(each, dict | list | tuple) for item in _items(each)]
        depth += 1
    return bool(level)


def _items(value: Any) -> Any:
    return value.values() if isinstance(value, dict) else value


def texts_in(value: Any) -> list[str]:
    """Every text in a structure of JSON, keys among them. Without recursion, whatever its depth."""
    found: list[str] = []
    rest = [value]
    while rest:
        each = rest.pop()
        if isinstance(each, str):
            found.append(each)
        elif isinstance(each, dict):
            rest += [*each.keys(), *each.values()]
        elif isinstance(each, list | tuple):
            rest += each
    return found
