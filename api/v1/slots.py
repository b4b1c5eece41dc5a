"""Slots: what happened to each slot of a schedule, whether it ran or not."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from pydantic import BaseModel, Field

from api.shapes.run_json import lateness_seconds
from api.shapes.schedule_json import schedule_or_404
from api.v1.schedules import ONE
from api.web.fields import Moment, Page, page_of
from api.web.problems import invalid_field
from api.web.routes import Answer, Call, Route
from models import slots
from models.sql.clock import read_clock
from models.words.kinds import Instant
from models.words.roles import Role
from models.words.states import SkipReason, State, WaitingFor

_DAY = timedelta(days=1)
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


ROUTES = (Route("GET", f"{ONE}/slots", list_slots, Role.VIEWER, {200: DecidedSlotPage}),)


def _show(row: sa.Row[Any]) -> DecidedSlot:
    return DecidedSlot(**row._mapping, run_id=row.id, lateness_seconds=lateness_seconds(row))
