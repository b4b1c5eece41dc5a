"""Kinds of values that people write, whatever way they take: instants with an offset, text that can be stored."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema

from models.words.text import is_storable

T = TypeVar("T")

NAME_PATTERN = "^[a-z0-9][a-z0-9._-]{0,127}$"

_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_NOT_AN_INSTANT = "must be an instant with an offset, such as 2030-01-31T09:00:00Z"


def parse_instant(value: object) -> datetime:
    """An instant of RFC 3339, or an aware datetime, in UTC. ValueError for what has no offset, and all else."""
    try:
        if isinstance(value, str) and _RFC_3339.fullmatch(value):
            value = datetime.fromisoformat(value.upper())
        if isinstance(value, datetime) and value.utcoffset() is not None:
            return value.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise ValueError(_NOT_AN_INSTANT)


def unique(each: Iterable[T]) -> list[T]:
    """What there is in its order, each once."""
    return list(dict.fromkeys(each))


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _storable(text: str) -> str:
    if not is_storable(text):
        raise ValueError("must not hold NUL or half of a surrogate pair")
    return text


Instant = Annotated[datetime, BeforeValidator(parse_instant), WithJsonSchema({"type": "string", "format": "date-time"})]
"""An instant that people write."""

AsList = BeforeValidator(_as_list)
"""One string counts as a list of one."""

Storable = AfterValidator(_storable)
"""Text that PostgreSQL can hold."""
