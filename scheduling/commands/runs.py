"""Cancel runs, and run them again."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from config.telemetry.creating import trace_of_new
from config.telemetry.subject import Subject
from config.telemetry.traceparent import own_trace
from models.lifecycle.adopting import ARGUMENTS_NOT_STORED
from models.lifecycle.cancelling import cancel_run
from models.lifecycle.ended import after_ends, count_back
from models.lifecycle.new_runs import NewRun, insert_runs
from models.runs import StoredRun, get_run
from models.schedules import StoredSchedule, lock_schedule
from models.sql.clock import read_clock
from models.sql.wake import notify
from models.statistics.adding import note_ended
from models.statistics.counts import of_ended
from models.words.ids import new_run_id
from models.words.states import LIVE_STATES, State, Trigger
from scheduling.commands.audit import By, note
from scheduling.commands.faults import Conflict, NotFound
from scheduling.slots.due import neighbours, spec_of

_SAME = (
    "actor", "queue", "priority", "args", "overlap", "schedule_id", "schedule_name", "schedule_version", "slot_at",
    "previous_slot_at", "next_slot_at", "max_retries", "min_backoff_seconds", "max_backoff_seconds",
    "time_limit_seconds",
)  # fmt: skip


def cancel(connection: sa.Connection, run: UUID, by: By) -> None:
    """Cancel a run: at once while it waits; once it runs, its worker is asked to end it.

    Raises NotFound, and Conflict where it has ended.
    """
    row = _get(connection, run)
    if row.trigger == Trigger.SCHEDULE and row.schedule_name is not None and row.state != State.RUNNING:
        lock_schedule(connection, row.schedule_name)  # before its run, as everybody does: the slot is counted back
    cancelled = cancel_run(connection, run)
    if not cancelled:
        state = State(_get(connection, run).state)
        raise Conflict(f"it is too late to cancel: the run is {state.value}", state)
    after_ends(connection, cancelled)
    note_ended(connection, of_ended(cancelled))
    notify(connection)  # people wait: what the run stood in the way of goes at once
    count_back(connection, cancelled)
    note(connection, by, "run.cancel", f"runs/{run}", before={"state": row.state, "schedule": row.schedule_name})


def retry(connection: sa.Connection, run: UUID, by: By) -> UUID:
    """Run a finished run again: a new run with the same arguments, for the same slot and its neighbours; its id.

    It waits for active runs of its schedule as its overlap policy has it. Raises NotFound, and Conflict where the run
    has not ended, is the record of many slots, has lost its arguments, or is that of a slot whose neighbours nobody
    knows any more.
    """
    row = _get(connection, run)
    state = State(row.state)
    if state in LIVE_STATES:
        raise Conflict(f"the run has not ended: it is {state.value}", state)
    if row.slots > 1:
        raise Conflict(f"this is the record of {row.slots} skipped slots, not a run", state)
    if row.error_type == ARGUMENTS_NOT_STORED:
        raise Conflict("its arguments could not be stored, so there is nothing to run it with", state)
    # Locked, as planning may be about to let another run of it go.
    schedule = None if row.schedule_name is None else lock_schedule(connection, row.schedule_name)
    same = {column: getattr(row, column) for column in _SAME}
    if row.slot_at is not None and state is State.SKIPPED and row.next_slot_at is row.previous_slot_at is None:
        same |= _neighbours(schedule, row, row.slot_at)
    now = read_clock(connection)
    id_ = new_run_id(now)
    again = NewRun(
        **same,
        id=id_,
        trigger=Trigger.MANUAL,
        due_at=now,
        planned_at=now,
        parent_run_id=row.id,
        created_by=by.who,
        trace=trace_of_new(
            lambda: Subject(str(id_), row.actor, row.queue, row.schedule_name, slot_at=row.slot_at),
            None if state is State.SKIPPED else row.trace or own_trace(row.id),
        ),
    )
    insert_runs(connection, [again])
    after = {"run": str(again.id), "schedule": row.schedule_name}
    note(connection, by, "run.retry", f"runs/{run}", before={"state": state.value}, after=after)
    notify(connection)
    return again.id


def _neighbours(schedule: StoredSchedule | None, row: StoredRun, slot: datetime) -> dict[str, Any]:
    """The slots around one that was skipped, which its row does not have, by the present definition."""
    if schedule is not None and schedule.id == row.schedule_id and (found := neighbours(spec_of(schedule), slot)):
        return dict(zip(("previous_slot_at", "next_slot_at"), found, strict=True))
    raise Conflict("the slots before and after it are not known: its schedule is gone or set aside", State.SKIPPED)


def _get(connection: sa.Connection, run: UUID) -> StoredRun:
    row = get_run(connection, run)
    if row is None:
        raise NotFound("run")
    return row
