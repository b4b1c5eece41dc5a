"""What is known of the time of a run, read for its explanation."""

from typing import Any

import sqlalchemy as sa

from models.queues import get_queue_pause
from models.runs import StoredRun
from models.schedules import StoredSchedule
from models.slots import find_active_run, find_run_planned_at, list_gaps
from models.words.states import PUBLISHABLE_STATES, Overlap, SkipReason, State, Trigger, WaitingFor
from scheduling.explanations.delays import Evidence, first_due, held_back
from scheduling.explanations.verdict import LATE


def gather(connection: sa.Connection, schedule: StoredSchedule | None, run: StoredRun) -> Evidence:
    """The evidence on a run; `schedule` is None for that of a plain message, or of a schedule that is gone."""
    is_waiting = run.state in PUBLISHABLE_STATES
    slot = run.slot_at if run.trigger == Trigger.SCHEDULE else None
    return Evidence(
        gaps=() if slot is None else list_gaps(connection, slot, run.planned_at),
        other=_find_other(connection, schedule, run),
        queue_pause=get_queue_pause(connection, run.queue) if is_waiting else None,
    )


def _find_other(connection: sa.Connection, schedule: StoredSchedule | None, run: StoredRun) -> sa.Row[Any] | None:
    if run.schedule_id is None:
        return None
    if run.reason == SkipReason.OVERLAP:
        return find_active_run(connection, run.schedule_id, run.id, run.planned_at)
    # A wait of few seconds may have ended before it was noted: then the runs of that time tell.
    is_unexplained = run.waiting_for is None and run.overlap != Overlap.ALLOW and held_back(schedule, run) > LATE
    if run.waiting_for == WaitingFor.OVERLAP or is_unexplained:
        return find_active_run(connection, run.schedule_id, run.id, max(first_due(schedule, run), run.planned_at))
    if run.state == State.CANCELLED and run.cancel_requested_at is not None:
        return find_run_planned_at(connection, run.schedule_id, run.id, run.cancel_requested_at)
    return None
