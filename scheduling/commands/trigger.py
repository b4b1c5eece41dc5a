"""Trigger: a run by hand, now or at a given time, beside the slots of its schedule."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from models.ids import new_run_id
from models.lifecycle.new_runs import NewRun, insert_runs
from models.lifecycle.planning import LiveRuns, cancel_active_runs, count_live_runs
from models.runs import reserve_trigger_key
from models.states import Overlap, SkipReason, State, Trigger
from models.wake import notify
from scheduling.slots.decisions import admit
from scheduling.slots.due import deadline_of


def trigger_run(
    connection: sa.Connection,
    schedule: Any,
    now: datetime,
    *,
    args: dict[str, Any] | None = None,
    overlap: Overlap | None = None,
    due_at: datetime | None = None,
    created_by: str | None = None,
    key: str | None = None,
) -> UUID:
    """Insert a run of this schedule (its row locked) and return its id. Works while paused and moves no slot.

    `overlap` is the schedule's policy unless given: where it forbids the run, the row is a skip with reason `overlap`.
    Triggering again with the same `key` gives the run of the first time.
    """
    run_id = new_run_id(now)
    if key is not None and (first := reserve_trigger_key(connection, schedule.id, key, run_id)) != run_id:
        return first
    policy = overlap or Overlap(schedule.overlap)
    active = count_live_runs(connection, [schedule.id]).get(schedule.id, LiveRuns()).active
    admitted, _ = admit([now], policy, active)
    if policy is Overlap.CANCEL_OTHER and active:
        cancel_active_runs(connection, [schedule.id])
    due = due_at or now
    run = NewRun(
        id=run_id,
        schedule_id=schedule.id,
        args=args,
        trigger=Trigger.MANUAL,
        due_at=due,
        deadline_at=deadline_of(schedule, due),
        planned_at=now,
        overlap=policy,
        state=State.PLANNED if admitted else State.SKIPPED,
        reason=None if admitted else SkipReason.OVERLAP,
        created_by=created_by,
    )
    insert_runs(connection, [run])
    notify(connection)
    return run_id
