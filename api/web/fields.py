"""Kinds of fields that requests and answers share."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from api.web.strict_json import is_storable

_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_DATE_TIME = {"type": "string", "format": "date-time"}
_NOT_AN_INSTANT = "must be an instant with an offset, such as 2030-01-31T09:00:00Z"


class Request(BaseModel):
    """What a client sends: no unknown fields, no conversions, no values in messages."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)


class Query(BaseModel):
    """What a client asks for in the URL: text, converted."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class Page(Query):
    """Which part of a list."""

    limit: int = Field(default=50, ge=1, le=500)


def parse_instant(value: object) -> datetime:
    """An instant of RFC 3339 in UTC. ValueError for anything else, above all for one without an offset."""
    if not isinstance(value, str) or not _RFC_3339.fullmatch(value):
        raise ValueError(_NOT_AN_INSTANT)
    try:
        return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(_NOT_AN_INSTANT) from None


def _in_utc(instant: datetime) -> datetime:
    return instant.astimezone(UTC)


def _storable(text: str) -> str:
    if not is_storable(text):
        raise ValueError("must not hold NUL")
    return text


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def unique(words: Iterable[str]) -> list[str]:
    """The words in their order, each once."""
    return list(dict.fromkeys(words))


Instant = Annotated[datetime, BeforeValidator(parse_instant), WithJsonSchema(_DATE_TIME)]
"""An instant in a request."""

Moment = Annotated[datetime, AfterValidator(_in_utc)]
"""An instant in an answer, shown in UTC with a Z."""

Text = Annotated[str, Field(max_length=1000), AfterValidator(_storable)]
"""Text in a query."""

AsList = BeforeValidator(_as_list)
"""One string counts as a list of one."""
