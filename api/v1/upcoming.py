"""What is to come: the next slots of a schedule, with what a clock in its zone shows."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from pydantic import BaseModel, Field

from api.shapes.slot_json import SlotJson, show_slot
from api.web.fields import Moment, Query
from api.web.problems import not_found
from api.web.routes import Answer, Call
from models.clock import read_clock
from models.schedules import get_schedule
from scheduling.slots.due import spec_of
from scheduling.slots.spec import jitter, take_slots


class UpcomingSlot(SlotJson):
    """A slot of a schedule."""

    due_at: Moment = Field(description="The slot with its jitter.")


class UpcomingPage(BaseModel):
    """The next slots."""

    items: list[UpcomingSlot]
    next: None = None


class UpcomingQuery(Query):
    """How far to look."""

    count: int = Field(default=10, ge=1, le=500)


def upcoming(call: Call) -> Answer:
    """List the next slots of a schedule. While it is paused none is to come before the end of the pause."""
    with call.engine.connect() as connection:
        row = get_schedule(connection, call.params["name"])
        if row is None:
            raise not_found("schedule")
        slots = _slots_of(row, read_clock(connection), call.query.count)
    items = [
        UpcomingSlot(**show_slot(spec_of(row), slot), due_at=slot + jitter(row.id, slot, row.jitter_seconds))
        for slot in slots
    ]
    return Answer(UpcomingPage(items=items))


def _slots_of(row: sa.Row[Any], now: datetime, count: int) -> list[datetime]:
    if row.error is not None or (row.paused_at is not None and row.paused_until is None):
        return []
    if row.max_runs is not None:
        count = min(count, max(0, row.max_runs - row.slots_run))
    return list(take_slots(spec_of(row), max(now, row.cursor_at, row.paused_until or now), count))
