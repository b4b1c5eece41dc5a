"""Events as the API shows them: CloudEvents, read by a cursor."""

import re
from collections.abc import Collection
from typing import Annotated, Any, NamedTuple

import sqlalchemy as sa
from pydantic import AfterValidator, BaseModel, Field

from api.web.fields import Query
from models.events.cloud import as_cloud_event
from models.events.reading import Change, is_public, last_position, public_states, read_changes
from models.words.roles import Scope

GROUPS = 10
"""Read at once: some thousands of changes at most."""

LATEST = "latest"
_CURSOR = re.compile(r"(\d{1,18})-(\d{1,9})")


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
    """A position in the log, and a place in its group."""

    position: int
    place: int

    def __str__(self) -> str:
        return f"{self.position}-{self.place}"


def place_of(cursor: str | None) -> Place:
    """Where a cursor stands; without one before all."""
    found = _CURSOR.fullmatch(cursor or "")
    return Place(int(found[1]), int(found[2])) if found else Place(0, 0)


def show_events(connection: sa.Connection, query: EventQuery, after: Place, only: Scope | None) -> tuple[Any, Place]:
    """The next events, and up to where the log has been looked at."""
    # The rest of a group that was shown in part is read again.
    changes = read_changes(connection, after.position - (after.place > 0), GROUPS)
    public = public_states(connection)
    wanted = frozenset(query.types.split(",")) if query.types else None
    items: list[dict[str, Any]] = []
    for change in changes:
        if (change.position, change.place) <= after:
            continue
        if len(items) == query.limit:
            break
        after = Place(change.position, change.place)
        if is_public(change, public) and _is_seen(change, only) and _is_asked(change, wanted, query.schedule):
            items.append(as_cloud_event(change))
    return items, after


def newest(connection: sa.Connection) -> Place:
    """Behind all that there is."""
    return Place(last_position(connection), 2**30)


def _is_seen(change: Change, only: Scope | None) -> bool:
    name = change.schedule or change.subject
    return only is None or (name is not None and only.holds(name, change.tags or ()))


def _is_asked(change: Change, types: Collection[str] | None, schedule: str | None) -> bool:
    return (types is None or f"callsheet.{change.kind}" in types) and (
        schedule is None or schedule == (change.schedule or change.subject)
    )
