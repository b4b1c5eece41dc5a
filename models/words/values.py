"""When two values of JSON are the same: as PostgreSQL's jsonb has it, where 1 is 1.0 and true is neither."""

from typing import Any


def is_same(one: Any, other: Any) -> bool:
    """Whether both are the same. What else a definition holds, such as instants, is compared as it is."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(is_same(value, other[name]) for name, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(is_same, one, other))
    return bool(one == other)
