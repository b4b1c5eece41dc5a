"""SQL of finish: what became of attempts, written in groups by one writer per worker process."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa

from models.rows import as_json
from models.states import PUBLISHABLE_STATES, Outcome, State, quoted, state_in


@dataclass(slots=True)
class FinishedAttempt:
    """The end of one attempt and the state it leads to.

    `counts` says whether it used up a retry; `delay_seconds` is how long a retrying run waits. `result` is JSON text.
    """

    id: UUID
    attempt: int
    outcome: Outcome
    state: State
    started_at: datetime | None
    finished_at: datetime
    schedule_id: UUID | None = None
    counts: bool = False
    delay_seconds: float = 0
    result: str | None = None
    error_type: str | None = None
    error_message: str | None = None
    error_traceback: str | None = None
    output: str | None = None
    output_truncated: bool = False

    def has_output(self) -> bool:
        """Whether it has anything that is kept apart from the hot row."""
        return bool(self.output or self.error_traceback)


class WrittenEnd(NamedTuple):
    """What a run is after the end of its attempt."""

    id: UUID
    attempt: int
    state: str
    schedule_id: UUID | None
    is_awaited: bool
    """Whether another run of its schedule waits, perhaps for its end."""


# A run that was asked to cancel is not tried again, however its attempt ended.
_STATE = """CASE WHEN v.state = 'retrying' AND r.cancel_requested_at IS NOT NULL THEN 'cancelled' ELSE v.state END"""
_RETRIES = "v.state = 'retrying' AND r.cancel_requested_at IS NULL"
_FINISH = f"""
UPDATE runs r SET
    state = {_STATE},
    retries = r.retries + (v.counts AND {_RETRIES})::int,
    due_at = CASE WHEN {_RETRIES} THEN now() + make_interval(secs => v.delay_seconds) ELSE r.due_at END,
    lease_until = NULL,
    started_at = v.started_at,
    finished_at = CASE WHEN {_RETRIES} THEN NULL ELSE v.finished_at END,
    result = v.result::jsonb,
    error_type = v.error_type,
    error_message = v.error_message,
    attempts = r.attempts || jsonb_build_object(
        'number', v.attempt, 'worker', r.worker_id, 'started_at', v.started_at, 'finished_at', v.finished_at,
        'outcome', v.outcome,
        'error', CASE WHEN v.error_type IS NOT NULL
            THEN jsonb_build_object('type', v.error_type, 'message', v.error_message) END,
        'backoff_seconds', CASE WHEN {_RETRIES} THEN v.delay_seconds END)
FROM jsonb_to_recordset(%(rows)s::jsonb) AS v(id uuid, attempt int, outcome text, state text, started_at timestamptz,
    finished_at timestamptz, counts boolean, delay_seconds float, result text, error_type text, error_message text)
WHERE r.id = ANY(%(ids)s) AND r.id = v.id AND r.attempt = v.attempt
  AND {state_in("r", (State.RUNNING,))} AND r.worker_id = %(worker)s
RETURNING r.id, r.attempt, r.state, r.schedule_id, r.overlap <> 'allow' AND EXISTS (
    SELECT FROM runs o
    WHERE o.schedule_id = r.schedule_id AND o.id <> r.id AND o.state IN ({quoted(PUBLISHABLE_STATES)}))
"""
_FINISH_COLUMNS = (
    "id", "attempt", "outcome", "state", "started_at", "finished_at", "counts", "delay_seconds", "result",
    "error_type", "error_message",
)  # fmt: skip


def finish_runs(connection: sa.Connection, finished: Sequence[FinishedAttempt], worker: UUID) -> list[WrittenEnd]:
    """Write the ends of attempts; those that it still held."""
    return [WrittenEnd(*row) for row in connection.exec_driver_sql(_FINISH, finish_parameters(finished, worker))]


def finish_parameters(finished: Sequence[FinishedAttempt], worker: UUID) -> dict[str, Any]:
    """What `_FINISH` is given: the ends without what is heavy, and the ids by themselves."""
    rows = as_json(
        {column: value for column in _FINISH_COLUMNS if (value := getattr(end, column)) is not None} for end in finished
    )
    return {"rows": rows, "ids": [end.id for end in finished], "worker": worker}


_SAVE_OUTPUTS = """
INSERT INTO run_outputs (run_id, attempt, output, output_truncated, error_traceback)
SELECT v.id, v.attempt, v.output, v.output_truncated, v.error_traceback
FROM jsonb_to_recordset(%(rows)s::jsonb) AS v(id uuid, attempt int, output text, output_truncated boolean,
    error_traceback text)
ON CONFLICT DO NOTHING
"""


def save_outputs(connection: sa.Connection, finished: Sequence[FinishedAttempt]) -> None:
    """Keep output and traceback of these attempts, apart from the hot rows."""
    columns = ("id", "attempt", "output", "output_truncated", "error_traceback")
    if finished:
        rows = as_json({column: getattr(end, column) for column in columns} for end in finished)
        connection.exec_driver_sql(_SAVE_OUTPUTS, {"rows": rows})


_LOCK_TALLIED = """
SELECT id FROM schedules
WHERE id = ANY(%(schedules)s) AND (consecutive_failures > 0 OR id = ANY(%(failed)s))
ORDER BY id FOR NO KEY UPDATE
"""


def lock_tallied_schedules(connection: sa.Connection, ends: Sequence[FinishedAttempt]) -> bool:
    """Lock the schedules that `tally_outcomes` will touch, before their runs are: planning locks in that order too.

    Returns whether there are any: mostly nothing failed, and nothing did before.
    """
    schedules = [end.schedule_id for end in ends if end.schedule_id is not None]
    failed = [end.schedule_id for end in ends if end.schedule_id is not None and end.state is State.FAILED]
    if not schedules:
        return False
    return connection.exec_driver_sql(_LOCK_TALLIED, {"schedules": schedules, "failed": failed}).first() is not None


_TALLY = """
WITH mine AS (
    SELECT s.id, counted.in_a_row, s.paused_at IS NULL AND counted.in_a_row >= s.pause_after_failures AS too_many
    FROM schedules s
    JOIN (SELECT id, count(*) FILTER (WHERE state = 'failed') AS failures,
                 count(*) FILTER (WHERE state = 'succeeded') AS successes
          FROM unnest(%(schedules)s::uuid[], %(states)s::text[]) AS v(id, state) GROUP BY id) v ON v.id = s.id
    CROSS JOIN LATERAL (
        SELECT CASE WHEN v.successes > 0 THEN 0 ELSE s.consecutive_failures END + v.failures AS in_a_row
    ) AS counted
    WHERE v.failures > 0 OR s.consecutive_failures > 0
    ORDER BY s.id FOR UPDATE OF s
)
UPDATE schedules s SET
    consecutive_failures = mine.in_a_row,
    paused_at = CASE WHEN mine.too_many THEN now() ELSE s.paused_at END,
    pause_reason = CASE WHEN mine.too_many THEN format('%%s failures in a row', mine.in_a_row) ELSE s.pause_reason END,
    paused_by = CASE WHEN mine.too_many THEN 'callsheet' ELSE s.paused_by END,
    next_due_at = CASE WHEN mine.too_many THEN now() ELSE s.next_due_at END
FROM mine WHERE s.id = mine.id
"""


def tally_outcomes(connection: sa.Connection, ended: Sequence[Any]) -> None:
    """Count final failures in a row per schedule; a success resets, too many pause the schedule.

    Rows have `schedule_id` and `state`. A schedule that is paused here is due at once: planning then decides what
    was due before the pause.
    """
    counted = [row for row in ended if row.schedule_id and row.state in (State.FAILED, State.SUCCEEDED)]
    if counted:
        parameters = {"schedules": [row.schedule_id for row in counted], "states": [row.state for row in counted]}
        connection.exec_driver_sql(_TALLY, parameters)


_RENEW = f"""
UPDATE runs r SET lease_until = clock_timestamp() + make_interval(secs => %(lease)s), started_at = v.started_at
FROM jsonb_to_recordset(%(rows)s::jsonb) AS v(id uuid, attempt int, started_at timestamptz)
WHERE r.id = ANY(%(ids)s) AND r.id = v.id AND r.attempt = v.attempt
  AND {state_in("r", (State.RUNNING,))} AND r.worker_id = %(worker)s
RETURNING r.id, r.attempt, r.cancel_requested_at IS NOT NULL
"""


def renew_leases(
    connection: sa.Connection, held: Sequence[dict[str, Any]], worker: UUID, lease_seconds: float
) -> dict[tuple[UUID, int], bool]:
    """Renew the leases of runs (`id`, `attempt`, `started_at` or None) and note when they really started.

    Returns, for each (run, attempt) still held, whether it has been asked to cancel.
    """
    if not held:
        return {}
    rows = connection.exec_driver_sql(_RENEW, renewal_parameters(held, worker, lease_seconds))
    return {(row[0], row[1]): row[2] for row in rows}


def renewal_parameters(held: Sequence[dict[str, Any]], worker: UUID, lease_seconds: float) -> dict[str, Any]:
    """What `_RENEW` is given: the attempts, and the ids by themselves."""
    return {"rows": as_json(held), "ids": [run["id"] for run in held], "worker": worker, "lease": lease_seconds}
