"""Pause and resume schedules."""

from datetime import datetime

import sqlalchemy as sa

from models.schedules import StoredSchedule, pause_schedule, resume_schedule
from models.sql.clock import read_clock
from models.sql.wake import notify
from models.words.faults import Fault
from models.words.instants import write_instant
from scheduling.commands.audit import By, note
from scheduling.commands.faults import Refused
from scheduling.commands.settling import settle
from scheduling.slots.due import is_paused, next_due


def pause(
    connection: sa.Connection, row: StoredSchedule, *, until: datetime | None, reason: str | None, by: By
) -> None:
    """Pause a locked schedule, until an instant or until it is resumed. A paused one: change reason and end.

    Raises Refused for an end that has passed.
    """
    now = read_clock(connection)
    if until is not None and until <= now:
        raise Refused([Fault(("until",), "must lie in the future")])
    # Failures pause a schedule without deciding what was due before: that is done here, should nobody have yet.
    if row.paused_at is None or not is_paused(row, now) or row.cursor_at < row.paused_at:
        row, _ = settle(connection, row)
    pause_schedule(connection, row.id, until=until, reason=reason, by=by.who)
    after = {"until": None if until is None else write_instant(until)}
    note(connection, by, "schedule.pause", f"schedules/{row.name}", after=after, reason=reason)


def resume(connection: sa.Connection, row: StoredSchedule, by: By) -> None:
    """End the pause of a locked schedule. What passed while it was paused is one skip with the reason paused."""
    if row.paused_at is None:
        return
    row, since = settle(connection, row, by.who)
    if row.paused_at is None:  # it had reached its end, and that was noted
        return
    running = row.model_copy(update={"paused_at": None})
    resume_schedule(connection, row.id, since, None if row.error is not None else next_due(running, since))
    before = {
        "paused_by": row.paused_by,
        "reason": row.pause_reason,
        "paused_at": row.paused_at and write_instant(row.paused_at),
    }
    note(connection, by, "schedule.resume", f"schedules/{row.name}", before=before)
    notify(connection)
