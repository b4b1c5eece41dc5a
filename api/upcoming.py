"""What is to come: the next slots of a schedule, with what a clock in its zone shows."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import sqlalchemy as sa
from pydantic import BaseModel, Field

from api.fields import Moment, Query
from api.problems import not_found
from api.routes import Answer, Call
from models.clock import read_clock
from models.schedules import get_schedule
from scheduling.cron import clock_remark, next_fire
from scheduling.cron.zones import load_zone
from scheduling.slots.due import spec_of
from scheduling.slots.spec import Spec, jitter, upcoming_slots


class SlotJson(BaseModel):
    """A slot, with what its zone's clock shows then."""

    slot_at: Moment
    local: str = Field(description="The local time with its offset.")
    remark: str | None = Field(description="What a change of the clock did to this slot.")


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


def take_slots(spec: Spec, after: datetime, count: int) -> Iterator[datetime]:
    """The next slots, fewer where the spec or the calendar ends."""
    try:
        yield from islice(upcoming_slots(spec, after), count)
    except (ValueError, OverflowError):
        return


def show_slot(spec: Spec, slot: datetime) -> dict[str, Any]:
    """The fields of a `SlotJson`."""
    return {
        "slot_at": slot,
        "local": slot.astimezone(load_zone(spec.timezone)).isoformat(),
        "remark": _remark(spec, slot),
    }


def _remark(spec: Spec, slot: datetime) -> str | None:
    """The remark of the expression that fires at the slot."""
    before = slot - timedelta(microseconds=1)
    firing = (expr for expr in spec.cron if next_fire(expr, spec.timezone, before) == slot)
    remarks = (clock_remark(expr, spec.timezone, slot) for expr in firing)
    return next((remark for remark in remarks if remark), None)
