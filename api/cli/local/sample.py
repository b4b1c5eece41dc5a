"""The schedule that a fresh `callsheet up` starts with, so that there is something to see."""

import sqlalchemy as sa

from models.definition import Definition
from models.schedules import list_schedules
from scheduling.commands import edit
from scheduling.commands.audit import CALLSHEET

NAME = "hello"
SAMPLE = Definition(
    description="Says hello every 20 seconds. Delete it when you have schedules of your own.",
    actor="log_message",
    args={"message": "hello from callsheet"},
    every_seconds=20,
)


def add_sample_schedule(engine: sa.Engine) -> None:
    """Add the sample to a database that has no schedule at all."""
    with engine.begin() as connection:
        if not list_schedules(connection, 1):
            edit.create(connection, NAME, SAMPLE, CALLSHEET)
