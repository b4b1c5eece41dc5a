"""Settle: decide what is due of schedules up to now by how they stand, before something about them changes. So an edit
loses no slot and repeats none, and a pause begins where it was asked for."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from models.schedules import StoredSchedule, list_schedules
from models.sql.clock import read_clock, read_present
from models.statistics.adding import note_ended
from scheduling.commands.faults import Conflict
from scheduling.plan import miss_undecidable, plan_schedules

Settled = tuple[StoredSchedule, datetime]
"""A schedule as it is then, and up to when its slots are decided."""


def settle(connection: sa.Connection, row: StoredSchedule, by: str | None = None) -> Settled:
    """Decide the slots of a locked schedule up to now. `by` is who resumes it, if somebody does.

    What can't be decided was missed. Raises Conflict where others have locked the runs that would have to end first.
    """
    return settle_many(connection, [row], by)[row.name]


def settle_many(connection: sa.Connection, rows: Sequence[StoredSchedule], by: str | None = None) -> dict[str, Settled]:
    """As `settle`, of many, by name."""
    now = read_clock(connection)
    rest: Sequence[StoredSchedule] = rows
    settled: dict[str, StoredSchedule] = {}
    is_full, locked = True, 0
    while rest and is_full:
        planned = plan_schedules(connection, rest, now, by=by)
        note_ended(connection, planned.ended)
        planned.count_slots()
        is_full, locked = planned.full, planned.locked
        read = {row.name: row for row in _read(connection, rest)}
        settled |= read
        rest = [row for row in read.values() if row.cursor_at < now]
    for row in rest:
        if locked or row.error is None:
            raise Conflict("somebody has locked the runs that a slot of it is to cancel: try again")
        note_ended(connection, miss_undecidable(connection, row, now))
    settled |= {row.name: row for row in _read(connection, rest)}
    # Another planner may have been here while this transaction waited; a clock that was wrong, beyond the present.
    present = read_present(connection)
    return {name: (row, now if now < row.cursor_at > present else row.cursor_at) for name, row in settled.items()}


def _read(connection: sa.Connection, rows: Sequence[StoredSchedule]) -> list[StoredSchedule]:
    return list_schedules(connection, len(rows), names=[row.name for row in rows]) if rows else []
