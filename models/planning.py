"""SQL of plan: take due schedules, insert the rows of their slots, move their cursors."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from models.rows import as_json
from models.states import LIVE_STATES, State, Trigger, quoted

CHANNEL = "callsheet"

_POLICY_DEFAULTS = {"min_backoff_seconds": 15, "max_backoff_seconds": 3600, "time_limit_seconds": 600}


def _policy(column: str) -> str:
    return f"coalesce(v.{column}, s.{column}, (a.options->>'{column}')::float, {_POLICY_DEFAULTS[column]})"


@dataclass
class NewRun:
    """A row to insert: a run, or (state `skipped`, with a reason) the record of slots that do not run.

    What is left None is its schedule's; policies that the schedule leaves open are the actor's, else the defaults of
    the service. A run without a schedule must name its actor.
    """

    id: UUID
    trigger: Trigger
    due_at: datetime
    planned_at: datetime
    schedule_id: UUID | None = None
    schedule_name: str | None = None
    schedule_version: int | None = None
    actor: str | None = None
    queue: str | None = None
    priority: int | None = None
    args: dict[str, Any] | None = None
    overlap: str | None = None
    state: State = State.PLANNED
    reason: str | None = None
    slot_at: datetime | None = None
    slot_until: datetime | None = None
    slots: int = 1
    previous_slot_at: datetime | None = None
    next_slot_at: datetime | None = None
    deadline_at: datetime | None = None
    max_retries: int | None = None
    min_backoff_seconds: float | None = None
    max_backoff_seconds: float | None = None
    time_limit_seconds: float | None = None
    parent_run_id: UUID | None = None
    created_by: str | None = None
    trace: str | None = None


@dataclass(frozen=True)
class Advance:
    """Where a schedule stands once its due slots are decided."""

    id: UUID
    cursor_at: datetime
    next_due_at: datetime | None
    ran: int
    pause_is_over: bool = False


# What decides; the rest of a definition goes from row to row without passing through Python.
_DUE_SCHEDULES = """
SELECT id, name, cron, every_seconds, at, timezone, starts_at, ends_at, max_runs, jitter_seconds, overlap, catchup,
    catchup_window_seconds, start_deadline_seconds, paused_at, paused_until, cursor_at, slots_run
FROM schedules
WHERE next_due_at <= now() AND error IS NULL
ORDER BY next_due_at
LIMIT %(limit)s
FOR UPDATE SKIP LOCKED
"""


def take_due_schedules(connection: sa.Connection, limit: int) -> Sequence[sa.Row[Any]]:
    """Up to `limit` schedules whose next slot has come, locked for this transaction; other planners pass them over."""
    return connection.exec_driver_sql(_DUE_SCHEDULES, {"limit": limit}).all()


_ACTIVE = f"""
SELECT schedule_id, count(*) FROM runs
WHERE schedule_id = ANY(%(schedules)s) AND state IN ({quoted(LIVE_STATES)})
  AND (state <> 'planned' OR due_at <= now())
GROUP BY schedule_id
"""


def count_active_runs(connection: sa.Connection, schedules: list[UUID]) -> dict[UUID, int]:
    """For each schedule that has any, how many of its runs are active: planned and due, queued, running or retrying."""
    rows = connection.exec_driver_sql(_ACTIVE, {"schedules": schedules}).all()
    return {row[0]: row[1] for row in rows}


_INSERT_RUNS = f"""
INSERT INTO runs (id, schedule_id, schedule_name, schedule_version, actor, queue, priority, args, trigger, overlap,
    slot_at, slot_until, slots, due_at, deadline_at, state, reason, attempt, retries, max_retries,
    min_backoff_seconds, max_backoff_seconds, time_limit_seconds, planned_at, finished_at, attempts, parent_run_id,
    created_by, trace, previous_slot_at, next_slot_at)
SELECT v.id, v.schedule_id, coalesce(v.schedule_name, s.name), coalesce(v.schedule_version, s.version),
    coalesce(v.actor, s.actor), coalesce(v.queue, s.queue, a.queue, 'default'), coalesce(v.priority, s.priority, 5),
    coalesce(v.args, s.args, '{{}}'), v.trigger, coalesce(v.overlap, s.overlap, 'allow'), v.slot_at, v.slot_until,
    v.slots, v.due_at, v.deadline_at, v.state, v.reason, 0, 0,
    coalesce(v.max_retries, s.max_retries, (a.options->>'max_retries')::int, 0),
    {_policy("min_backoff_seconds")}, {_policy("max_backoff_seconds")}, {_policy("time_limit_seconds")},
    v.planned_at, CASE WHEN v.state = 'skipped' THEN v.planned_at END, '[]', v.parent_run_id, v.created_by, v.trace,
    v.previous_slot_at, v.next_slot_at
FROM jsonb_to_recordset(%(rows)s::jsonb) AS v(id uuid, schedule_id uuid, schedule_name text, schedule_version int,
    actor text, queue text, priority smallint, args jsonb, trigger text, overlap text, slot_at timestamptz,
    slot_until timestamptz, slots int, due_at timestamptz, deadline_at timestamptz, state text, reason text,
    max_retries int, min_backoff_seconds float, max_backoff_seconds float, time_limit_seconds float,
    planned_at timestamptz, parent_run_id uuid, created_by text, trace text,
    previous_slot_at timestamptz, next_slot_at timestamptz)
LEFT JOIN schedules s ON s.id = v.schedule_id
LEFT JOIN actors a ON a.name = coalesce(v.actor, s.actor)
ON CONFLICT DO NOTHING
RETURNING id
"""


def insert_runs(connection: sa.Connection, runs: Sequence[NewRun]) -> set[UUID]:
    """Insert the rows, return the ids that were new. A row whose id is there already is somebody else's win."""
    if not runs:
        return set()
    rows = as_json({k: v for k, v in vars(run).items() if v is not None} for run in runs)
    return set(connection.exec_driver_sql(_INSERT_RUNS, {"rows": rows}).scalars())


_ADVANCE = """
UPDATE schedules s SET
    cursor_at = greatest(s.cursor_at, v.cursor_at),
    next_due_at = v.next_due_at,
    slots_run = s.slots_run + v.ran,
    paused_at = CASE WHEN v.pause_is_over THEN NULL ELSE s.paused_at END,
    paused_until = CASE WHEN v.pause_is_over THEN NULL ELSE s.paused_until END,
    pause_reason = CASE WHEN v.pause_is_over THEN NULL ELSE s.pause_reason END,
    paused_by = CASE WHEN v.pause_is_over THEN NULL ELSE s.paused_by END
FROM jsonb_to_recordset(%(rows)s::jsonb) AS v(id uuid, cursor_at timestamptz, next_due_at timestamptz, ran int,
    pause_is_over boolean)
WHERE s.id = v.id
"""


def advance_schedules(connection: sa.Connection, advances: Sequence[Advance]) -> None:
    """Move cursors forward (never back) and set when each schedule is due next."""
    if advances:
        connection.exec_driver_sql(_ADVANCE, {"rows": as_json(vars(advance) for advance in advances)})


_QUARANTINE = "UPDATE schedules SET error = %(error)s WHERE id = %(id)s"


def quarantine_schedule(connection: sa.Connection, schedule: UUID, error: str) -> None:
    """Set a schedule that can't be planned aside, with the reason, until it is edited."""
    connection.exec_driver_sql(_QUARANTINE, {"id": schedule, "error": error})


_CANCEL_ACTIVE = f"""
UPDATE runs SET
    cancel_requested_at = coalesce(cancel_requested_at, now()),
    state = CASE WHEN state = 'running' THEN state ELSE 'cancelled' END,
    finished_at = CASE WHEN state = 'running' THEN NULL ELSE now() END,
    lease_until = CASE WHEN state = 'running' THEN lease_until END
WHERE schedule_id = ANY(%(schedules)s) AND state IN ({quoted(LIVE_STATES)})
  AND (state <> 'planned' OR due_at <= now())
"""


def cancel_active_runs(connection: sa.Connection, schedules: list[UUID]) -> int:
    """Cancel what is active of these schedules: waiting runs at once, running ones by asking their workers."""
    return connection.exec_driver_sql(_CANCEL_ACTIVE, {"schedules": schedules}).rowcount


def notify(connection: sa.Connection) -> None:
    """Wake the scheduling processes once this transaction commits. A hint: polling alone is correct too."""
    connection.exec_driver_sql(f"SELECT pg_notify('{CHANNEL}', '')")
