"""What is to come: the next slots of a schedule, with what a clock in its zone shows, and of all schedules, by time."""

from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Annotated, Any

from pydantic import BaseModel, Field

from api.shapes.schedule_json import schedule_or_404
from api.shapes.slot_json import UpcomingSlot, show_slot, show_upcoming
from api.v1.schedules import ONE
from api.web.fields import Page, Query, Text
from api.web.routes import Answer, Call, Route
from models.forecast import schedules_due_until
from models.sql.clock import read_clock
from models.words.bounds import WEEK
from models.words.faults import Fault
from models.words.instants import write_instant
from models.words.kinds import Instant
from models.words.roles import Role
from scheduling.commands.faults import Refused
from scheduling.slots.due import spec_of
from scheduling.slots.forecast import Coming, coming_slots

LOOKED_AT = 20_000
"""So many schedules are looked at, those that are due first."""

MOST = 10_000
"""Of one schedule so many slots are looked at."""

_LATEST = datetime.max.replace(tzinfo=UTC) - timedelta(seconds=WEEK) - timedelta(days=1)
"""Beyond, a slot has no room for its jitter."""

_CURSOR = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z~[a-z0-9._-]{1,128}$"


class UpcomingPage(BaseModel):
    """The next slots."""

    items: list[UpcomingSlot]
    next: None = None


class UpcomingQuery(Query):
    """How far to look."""

    count: int = Field(default=10, ge=1, le=500)


def list_upcoming_slots(call: Call, query: UpcomingQuery) -> Answer:
    """List the next slots of a schedule. While it is paused none is to come before the end of the pause."""
    with call.engine.connect() as connection:
        row = schedule_or_404(connection, call.params["name"])
        now = read_clock(connection)
    return Answer(UpcomingPage(items=show_upcoming(row, now, query.count)))


class ComingJson(UpcomingSlot):
    """A slot of one of the schedules."""

    schedule: str
    actor: str
    queue: str | None = Field(description="Null: the actor's.")
    timezone: str
    tags: list[str]


class ComingPage(BaseModel):
    """Slots of all schedules, by time."""

    items: list[ComingJson]
    next: str | None


class ComingQuery(Page):
    """Which slots: from now on, for a day, unless it says otherwise."""

    since: Instant | None = None
    until: Instant | None = Field(default=None, description="Exclusive; a day after `since` unless given.")
    actor: Text | None = None
    tag: Text | None = None
    queue: Text | None = None
    cursor: Annotated[str, Field(pattern=_CURSOR)] | None = None


def list_coming_slots(call: Call, query: ComingQuery) -> Answer:
    """List what is to come of all schedules, by time.

    What is paused without an end, set aside or has run out has nothing to come. Of more than 20,000 schedules those are
    looked at that are due first.
    """
    with call.engine.connect() as connection:
        now = read_clock(connection)
        begin = min(max(query.since or now, now), _LATEST)
        until = min(query.until or begin + timedelta(days=1), _LATEST)
        filters: dict[str, Any] = {"actor": query.actor, "tag": query.tag, "queue": query.queue, "only": call.only}
        rows = schedules_due_until(connection, until, LOOKED_AT + 1, **filters)
    if len(rows) > LOOKED_AT and (last := rows.pop().next_due_at) is not None:
        until = min(until, last)
    since, after = _read_cursor(query.cursor, begin)
    coming = (each for each in coming_slots(rows, since, until, MOST) if (each.slot_at, each.name) > (since, after))
    found = list(islice(coming, query.limit + 1))
    items = [_shown(each) for each in found[: query.limit]]
    return Answer(ComingPage(items=items, next=_cursor(found[query.limit - 1]) if len(found) > query.limit else None))


ROUTES = (
    Route("GET", f"{ONE}/upcoming", list_upcoming_slots, Role.VIEWER, {200: UpcomingPage}),
    Route("GET", "/v1/upcoming", list_coming_slots, Role.VIEWER, {200: ComingPage}, heeds_scope=True),
)


def _shown(each: Coming) -> ComingJson:
    schedule = each.schedule
    return ComingJson(
        **show_slot(spec_of(schedule), each.slot_at),
        due_at=each.due_at,
        schedule=each.name,
        actor=schedule.actor,
        queue=schedule.queue,
        timezone=schedule.timezone,
        tags=schedule.tags,
    )


def _cursor(last: Coming) -> str:
    return f"{write_instant(last.slot_at)}~{last.name}"


def _read_cursor(cursor: str | None, begin: datetime) -> tuple[datetime, str]:
    """From when on, and after which schedule of that instant."""
    if cursor is None:
        return begin, ""
    instant, _, name = cursor.partition("~")
    try:
        return max(datetime.fromisoformat(instant), begin), name
    except ValueError:
        raise Refused([Fault(("cursor",), "is none of ours")]) from None
