"""Which text PostgreSQL can hold."""

import re
from typing import Any

# Neither its text nor UTF-8 has these.
_UNFIT = re.compile("[\x00\ud800-\udfff]")


def is_storable(text: str) -> bool:
    """Whether PostgreSQL can hold the text: it has no NUL and no half of a surrogate pair."""
    return _UNFIT.search(text) is None


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
