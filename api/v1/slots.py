"""Slots: what happened to each slot of a schedule, whether it ran or not; and whether none is lost or doubled."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import sqlalchemy as sa
from pydantic import BaseModel, Field

from api.shapes.run_json import lateness_seconds
from api.shapes.schedule_json import schedule_or_404
from api.v1.schedules import ONE
from api.web.fields import Moment, Page, Query, Text, page_of
from api.web.problems import invalid_field
from api.web.routes import Answer, Call, Route
from models import slots
from models.sql.clock import read_clock
from models.verifying.lives import is_known
from models.verifying.reader import LedgerReader
from models.verifying.results import snapshot
from models.words.instants import write_instant
from models.words.kinds import Instant
from models.words.roles import Role
from models.words.states import SkipReason, State, WaitingFor
from scheduling.commands.faults import NotFound
from scheduling.slots.verify import BEGIN, Found, Place, verify
from scheduling.slots.walk import Kind

STEPS = 200_000
"""So many slots and rows are looked at in one part."""

_DAY = timedelta(days=1)
_AT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z"
_CURSOR = rf"^{_AT}~{_AT}~[0-9a-f-]{{36}}(~{_AT})?$"
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC) + _DAY


class DecidedSlot(BaseModel):
    """A slot that ran, runs, waits or was skipped.

    Consecutive slots that were skipped for one reason share an item: `slots` of them, from `slot_at` to `slot_until`.
    """

    slot_at: Moment
    slot_until: Moment | None = Field(description="The last slot of a range; null for a single slot.")
    slots: int
    run_id: UUID
    state: State
    reason: SkipReason | None
    due_at: Moment
    started_at: Moment | None
    finished_at: Moment | None
    lateness_seconds: float | None
    waiting_for: WaitingFor | None = Field(description="What first held the run back once it was due, if anything did.")


class DecidedSlotPage(BaseModel):
    """Slots, newest first."""

    items: list[DecidedSlot]
    next: UUID | None


class DecidedSlotQuery(Page):
    """Which slots. A range of skipped slots counts if any part of it lies between `since` and `until`."""

    cursor: UUID | None = None
    since: Instant | None = Field(default=None, description="Inclusive; 24 hours before `until`, if not given.")
    until: Instant | None = Field(default=None, description="Inclusive; now, if not given.")


def list_slots(call: Call, query: DecidedSlotQuery) -> Answer:
    """List what happened to the slots of a schedule, newest first.

    Every slot that has been decided is in exactly one item. Consecutive slots that were skipped for one reason share
    one, with the first and the last of them and their number. Slots of a pause follow once it ends.
    """
    with call.engine.connect() as connection:
        schedule = schedule_or_404(connection, call.params["name"])
        until = query.until or read_clock(connection)
        since = query.since or max(until, _EARLIEST) - _DAY
        if query.until is not None and until < since:
            raise invalid_field("until", "must not be before since")
        rows = slots.list_slots(connection, schedule.id, since, until, query.limit + 1, query.cursor)
    items, cursor = page_of(rows, query.limit, _show, lambda last: last.run_id)
    return Answer(DecidedSlotPage(items=items, next=cursor))


class UnaccountedJson(BaseModel):
    """A slot without a row (`missing`) or with several (`twice`), or a row that has no slot (`unexpected`)."""

    schedule: str
    slot_at: Moment
    problem: Kind
    slot_until: Moment | None = Field(description="Of the row of a range of slots, the last one.")
    schedule_id: UUID
    version: int | None = Field(description="Of the definition that was in force.")
    runs: list[UUID] = Field(description="The rows that begin with the slot.")
    detail: str | None


class VerifyJson(BaseModel):
    """Whether each slot that must exist has exactly one row.

    The numbers are of one part, and the sum of all parts is the whole: `next` is the cursor to the next one.
    """

    since: Moment = Field(description="Inclusive; later than asked where history is not whole any more.")
    until: Moment = Field(description="Exclusive.")
    whole_since: Moment = Field(description="What was before can't be verified: rows may have been pruned.")
    schedules: int
    slots: int = Field(description="Those that must have a row.")
    accounted: int = Field(description="Those that have exactly one.")
    undecided: int = Field(description="Those that are due and not decided yet, as of a schedule that is paused.")
    unaccounted: list[UnaccountedJson]
    truncated: bool = Field(description="Whether there is more that can't be accounted for than is listed.")
    next: str | None


class VerifyQuery(Query):
    """Which slots, of which schedule; of all, if it does not say."""

    since: Instant | None = Field(default=None, description="Inclusive; 24 hours before `until`, if not given.")
    until: Instant | None = Field(default=None, description="Exclusive; now, if not given.")
    schedule: Text | None = None
    cursor: Annotated[str, Field(pattern=_CURSOR)] | None = Field(
        default=None, description="`next` of the part before; it brings `since` and `until` along."
    )


def verify_slots(call: Call, query: VerifyQuery) -> Answer:
    """Compute anew which slots must exist, and look whether each has exactly one row.

    It goes by the definitions that schedules had, also of those that were deleted. A part looks at some hundred
    thousand slots; `next` leads to the rest. What is due and not decided yet, as in a pause, is only counted.
    """
    with snapshot(call.engine) as connection:
        reader = LedgerReader(connection, call.retention.whole, schedule=query.schedule, only=call.only)
        if query.schedule is not None and not is_known(connection, query.schedule, call.only):
            raise NotFound("schedule")
        since, until, place = _window(query, reader.present)
        part = verify(reader, since, until, place, STEPS)
    found = sorted(part.unaccounted, key=lambda each: (each.life.name, each.problem.slot_at))
    answer = VerifyJson(
        since=part.since,
        until=part.until,
        whole_since=reader.whole_since,
        schedules=part.schedules,
        slots=part.slots,
        accounted=part.accounted,
        undecided=part.undecided,
        unaccounted=[_show_problem(each) for each in found],
        truncated=part.found > len(found),
        next=None if part.next is None else _cursor(since, until, part.next),
    )
    return Answer(answer)


ROUTES = (
    Route("GET", f"{ONE}/slots", list_slots, Role.VIEWER, {200: DecidedSlotPage}),
    Route("GET", "/v1/verify", verify_slots, Role.VIEWER, {200: VerifyJson}, problems=(404,), heeds_scope=True),
)


def _window(query: VerifyQuery, now: datetime) -> tuple[datetime, datetime, Place]:
    """From when to when, and where to begin. Raises Refused."""
    if query.cursor is not None:
        try:
            begin, end, schedule, *at = query.cursor.split("~")
            place = Place(UUID(schedule), datetime.fromisoformat(at[0]) if at else None)
            return datetime.fromisoformat(begin), datetime.fromisoformat(end), place
        except ValueError:
            raise invalid_field("cursor", "is none of ours") from None
    until = min(query.until or now, now)
    since = query.since or max(until, _EARLIEST) - _DAY
    if query.until is not None and query.until < since:
        raise invalid_field("until", "must not be before since")
    return since, until, BEGIN


def _cursor(since: datetime, until: datetime, place: Place) -> str:
    at = "" if place.since is None else f"~{write_instant(place.since)}"
    return f"{write_instant(since)}~{write_instant(until)}~{place.schedule}{at}"


def _show_problem(found: Found) -> UnaccountedJson:
    life, problem = found.life, found.problem
    return UnaccountedJson(
        schedule=life.name,
        slot_at=problem.slot_at,
        problem=problem.problem,
        slot_until=problem.slot_until,
        schedule_id=life.id,
        version=problem.version,
        runs=[row.id for row in problem.rows],
        detail=problem.detail,
    )


def _show(row: sa.Row[Any]) -> DecidedSlot:
    return DecidedSlot(**row._mapping, run_id=row.id, lateness_seconds=lateness_seconds(row))
