"""What is to come: the next slots of a schedule, with what a clock in its zone shows."""

from datetime import datetime

from pydantic import BaseModel, Field

from api.access.auth import Role
from api.shapes.schedule_json import schedule_or_404
from api.shapes.slot_json import SlotJson, show_slot
from api.v1.schedules import ONE
from api.web.fields import Moment, Query
from api.web.routes import Answer, Call, Route
from models.schedules import StoredSchedule
from models.sql.clock import read_clock
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


def list_upcoming_slots(call: Call, query: UpcomingQuery) -> Answer:
    """List the next slots of a schedule. While it is paused none is to come before the end of the pause."""
    with call.engine.connect() as connection:
        row = schedule_or_404(connection, call.params["name"])
        slots = _slots_of(row, read_clock(connection), query.count)
    items = [
        UpcomingSlot(**show_slot(spec_of(row), slot), due_at=slot + jitter(row.id, slot, row.jitter_seconds))
        for slot in slots
    ]
    return Answer(UpcomingPage(items=items))


ROUTES = (Route("GET", f"{ONE}/upcoming", list_upcoming_slots, Role.VIEWER, {200: UpcomingPage}),)


def _slots_of(row: StoredSchedule, now: datetime, count: int) -> list[datetime]:
    if row.error is not None or (row.paused_at is not None and row.paused_until is None):
        return []
    if row.max_runs is not None:
        count = min(count, max(0, row.max_runs - row.slots_run))
    return list(take_slots(spec_of(row), max(now, row.cursor_at, row.paused_until or now), count))
