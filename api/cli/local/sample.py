"""The schedule that a fresh `callsheet up` starts with, so that there is something to see."""

from typing import Any

import sqlalchemy as sa

from models.clock import read_clock
from models.schedules import insert_schedule, list_schedules
from models.tables.schedule import Schedule
from scheduling.slots.due import next_due

SAMPLE: dict[str, Any] = {
    "name": "hello",
    "description": "Says hello every 20 seconds. Delete it when you have schedules of your own.",
    "actor": "log_message",
    "args": {"message": "hello from callsheet"},
    "every_seconds": 20,
}


def add_sample_schedule(engine: sa.Engine) -> None:
    """Add the sample to a database that has no schedule at all."""
    with engine.begin() as connection:
        if list_schedules(connection, 1):
            return
        now = read_clock(connection)
        schedule = Schedule(**SAMPLE, created_at=now, updated_at=now, cursor_at=now)
        schedule.next_due_at = next_due(schedule, now)
        insert_schedule(connection, schedule.model_dump())
