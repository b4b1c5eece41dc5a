"""Kinds of models and fields that requests and answers share, and how a list is cut into pages."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, TypeVar
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from models.words.kinds import Storable

Row = TypeVar("Row")
Shown = TypeVar("Shown")
Cursor = TypeVar("Cursor")


class Request(BaseModel):
    """What a client sends: no unknown fields, no conversions, no values in messages."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)


class Query(BaseModel):
    """What a client asks for in the URL: text, converted."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class Page(Query):
    """Which part of a list, and what of each of its items."""

    limit: int = Field(default=50, ge=1, le=500)
    fields: Annotated[str, Field(max_length=1000)] | None = Field(
        default=None, description="Only these fields of each item, separated by commas."
    )


class CountJson(BaseModel):
    """How many there are, without the cut into pages."""

    value: int
    capped: bool = Field(description="Whether there may be more: it is counted no further.")


COUNTED = 10_000
"""So many are counted at most."""


def is_none(value: object) -> bool:
    """For a field that is left out where it has no value."""
    return value is None


def count_of(found: int, most: int | None = None, *, is_cut: bool = False) -> CountJson:
    """From a count that went one beyond the most (`COUNTED`), if it went so far; `is_cut`: it did not look at all."""
    most = COUNTED if most is None else most
    return CountJson(value=min(found, most), capped=is_cut or found > most)


def page_of(
    rows: Sequence[Row], limit: int, show: Callable[[Row], Shown], cursor: Callable[[Shown], Cursor]
) -> tuple[list[Shown], Cursor | None]:
    """The first `limit` rows as they are shown, and the cursor to the next page; `rows` are one more, if there is."""
    items = [show(row) for row in rows[:limit]]
    return items, cursor(items[-1]) if len(rows) > len(items) else None


def _in_utc(instant: datetime) -> datetime:
    return instant.astimezone(UTC)


Moment = Annotated[datetime, AfterValidator(_in_utc)]
"""An instant in an answer, shown in UTC with a Z."""

Text = Annotated[str, Field(max_length=1000), Storable]
"""Text in a query."""


class ByName(Page):
    """Which part of a list that is by names."""

    cursor: Text | None = None


class ById(Page):
    """Which part of a list that is by ids."""

    cursor: UUID | None = None
