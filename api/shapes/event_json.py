"""Events as the API shows them: CloudEvents, read by a cursor."""

import re
from collections.abc import Collection
from typing import Annotated, Any, NamedTuple

import sqlalchemy as sa
from pydantic import AfterValidator, BaseModel, Field

from api.web.fields import Query
from api.web.waits.room import wait_for
from models.events.cloud import as_cloud_event
from models.events.reading import Change, is_public, last_position, public_states, read_changes
from models.words.roles import Scope

GROUPS = 10
"""Read at once: some thousands of changes at most."""

LOOK_SECONDS = 0.5

LATEST = "latest"
_CURSOR = re.compile(r"([0-9]{1,18})-([0-9]{1,9})")


def _check_cursor(text: str) -> str:
    if text != LATEST and not _CURSOR.fullmatch(text):
        raise ValueError("is no cursor of this list")
    return text


class EventQuery(Query):
    """Which events, and how long to wait for them."""

    after: Annotated[str, AfterValidator(_check_cursor)] | None = Field(
        default=None, description="`next` of the answer before; `latest` for what comes from now on."
    )
    types: Annotated[str, Field(max_length=1000)] | None = Field(
        default=None, description="Only these, separated by commas: `callsheet.run.failed,callsheet.schedule.paused`."
    )
    schedule: str | None = None
    wait_seconds: float = Field(default=0, ge=0, le=20, description="How long to wait where there is none yet.")
    limit: int = Field(default=100, ge=1, le=500)


class EventPage(BaseModel):
    """Events in their order, and the cursor of what follows."""

    items: list[dict[str, Any]]
    next: str


class Place(NamedTuple):
    """A position in the log, and up to which place its group has been looked at; 0 where that is to its end."""

    position: int
    place: int

    def __str__(self) -> str:
        return f"{self.position}-{self.place}"


def place_of(cursor: str | None) -> Place:
    """Where a cursor stands; without one before all."""
    found = _CURSOR.fullmatch(cursor or "")
    return Place(int(found[1]), int(found[2])) if found else Place(0, 0)


def read_events(engine: sa.Engine, query: EventQuery, only: Scope | None) -> EventPage:
    """The next events. Where there is none yet, those that come while the query waits."""
    with engine.connect() as connection:
        after = _newest(connection) if query.after == LATEST else place_of(query.after)
        items, after = _show_events(connection, query, after, only)

    def look() -> float | None:
        nonlocal items, after
        stood = after
        with engine.connect() as connection:
            items, after = _show_events(connection, query, after, only)
        return None if items else LOOK_SECONDS if after == stood else 0  # what nobody asked for is passed over

    if not items:
        wait_for(look, query.wait_seconds)
    return EventPage(items=items, next=str(after))


def wait_for_any(engine: sa.Engine, query: EventQuery) -> tuple[bool, str]:
    """Whether there is anything after the cursor, or comes while the query waits, and the cursor behind it: read from
    how far the log has come alone."""
    newest = newest_cursor(engine)
    after = place_of(newest if query.after == LATEST else query.after)

    def look() -> float | None:
        nonlocal newest
        newest = newest_cursor(engine)
        return None if place_of(newest) > after else LOOK_SECONDS

    if place_of(newest) <= after:
        wait_for(look, query.wait_seconds)
    return place_of(newest) > after, newest


def newest_cursor(engine: sa.Engine) -> str:
    """The cursor behind all that there is."""
    with engine.connect() as connection:
        return str(_newest(connection))


def _show_events(
    connection: sa.Connection, query: EventQuery, after: Place, only: Scope | None
) -> tuple[list[dict[str, Any]], Place]:
    """The next events, and up to where the log has been looked at."""
    changes = read_changes(connection, after.position - (after.place > 0), GROUPS)
    public = public_states(connection)
    wanted = frozenset(query.types.split(",")) if query.types else None
    items: list[dict[str, Any]] = []
    for change in changes:
        place = Place(change.position, change.place)
        if place <= after:  # of a group that was shown in part
            continue
        if len(items) == query.limit:
            return items, after
        after = place
        if is_public(change, public) and _is_seen(change, only) and _is_asked(change, wanted, query.schedule):
            items.append(as_cloud_event(change))
    return items, Place(after.position, 0) if changes else after


def _newest(connection: sa.Connection) -> Place:
    return Place(last_position(connection), 0)


def _is_seen(change: Change, only: Scope | None) -> bool:
    name = change.schedule or change.subject
    return only is None or (name is not None and only.holds(name, change.tags or ()))


def _is_asked(change: Change, types: Collection[str] | None, schedule: str | None) -> bool:
    return (types is None or f"callsheet.{change.kind}" in types) and (
        schedule is None or schedule == (change.schedule or change.subject)
    )
