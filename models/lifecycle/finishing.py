"""SQL of finish: what became of attempts, written in groups by one writer per worker process."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import sqlalchemy as sa

from models.lifecycle.ended import ENDED, EndedRun
from models.sql.locks import ALL, FREE
from models.sql.rows import as_array, as_json
from models.sql.spelling import state_in
from models.words.states import Outcome, State


class Attempt(Protocol):
    """Whatever names an attempt of a run."""

    id: UUID
    attempt: int
    schedule_id: UUID | None
    actor: str
    queue: str

    @property
    def due_at(self) -> datetime | None:
        """When its run is due."""


@dataclass(slots=True)
class FinishedAttempt:
    """The end of one attempt and the state it leads to.

    `counts` says whether it used up a retry; `delay_seconds` is how long a retrying run waits. `result` is JSON text.
    """

    id: UUID
    attempt: int
    outcome: Outcome
    state: State
    finished_at: datetime
    schedule_id: UUID | None = None
    started_at: datetime | None = None
    counts: bool = False
    delay_seconds: float = 0
    result: str | None = None
    error_type: str | None = None
    error_message: str | None = None
    error_traceback: str | None = None
    output: str | None = None
    output_truncated: bool = False
    output_gaps: list[int] | None = None
    """Where in the output marks stand for what was dropped, and for how many bytes, as `models.words.parts` has it."""
    progress: str | None = None
    """How far the attempt was, as JSON text; none of one that has succeeded."""
    checkpoint: str | None = None
    """JSON text that the attempt has left for the next one, and that is not stored yet."""
    actor: str = ""
    queue: str = ""
    due_at: datetime | None = None
    """Of the run, for who counts; they are not written."""

    @classmethod
    def of(cls, attempt: Attempt, outcome: Outcome, state: State, at: datetime, **rest: Any) -> "FinishedAttempt":
        """The end of this attempt at an instant; `rest` are further fields."""
        end = cls(attempt.id, attempt.attempt, outcome, state, at, attempt.schedule_id, **rest)
        end.actor, end.queue, end.due_at = attempt.actor, attempt.queue, attempt.due_at
        return end

    def has_output(self) -> bool:
        """Whether it has anything that is kept apart from the hot row."""
        return bool(self.output or self.error_traceback or self.progress)


# A run that was asked to cancel is not tried again, however its attempt ended.
_STATE = """CASE WHEN v.state = 'retrying' AND r.cancel_requested_at IS NOT NULL THEN 'cancelled' ELSE v.state END"""
_RETRIES = "v.state = 'retrying' AND r.cancel_requested_at IS NULL"

FIRST_ATTEMPTS, LAST_ATTEMPTS = 5, 45
"""So many of a run's attempts are kept: how it began, and how it goes."""

_KEPT = f"""CASE WHEN jsonb_array_length(r.attempts) < {FIRST_ATTEMPTS + LAST_ATTEMPTS} THEN r.attempts
        ELSE jsonb_path_query_array(
            r.attempts, '$[0 to {FIRST_ATTEMPTS - 1}, last - {LAST_ATTEMPTS - 2} to last]') END"""

# In a row, of attempts that had started: one that goes back unstarted is none, and no real end either.
_INTERRUPTIONS = """CASE WHEN v.outcome = 'interrupted' AND NOT v.counts
        THEN r.interruptions + (v.started_at IS NOT NULL)::int ELSE 0 END"""


def _finish(which: str, holder: str) -> str:
    return f"""
UPDATE runs r SET
    state = {_STATE},
    retries = r.retries + (v.counts AND {_RETRIES})::int,
    interruptions = {_INTERRUPTIONS},
    due_at = CASE WHEN {_RETRIES} THEN now() + make_interval(secs => v.delay_seconds) ELSE r.due_at END,
    lease_until = NULL,
    started_at = v.started_at,
    finished_at = CASE WHEN {_RETRIES} THEN NULL ELSE v.finished_at END,
    result = v.result::jsonb,
    error_type = v.error_type,
    error_message = v.error_message,
    attempts = {_KEPT} || (jsonb_build_object(
        'number', v.attempt, 'worker', r.worker_id, 'started_at', v.started_at, 'finished_at', v.finished_at,
        'outcome', v.outcome,
        'error', CASE WHEN v.error_type IS NOT NULL
            THEN jsonb_build_object('type', v.error_type, 'message', v.error_message) END,
        'backoff_seconds', CASE WHEN {_RETRIES} THEN v.delay_seconds END)
        || CASE WHEN {_RETRIES} THEN jsonb_build_object('due_at', r.due_at) ELSE '{{}}' END)
FROM jsonb_to_recordset(%(rows)s::jsonb) AS v(id uuid, attempt int, outcome text, state text, started_at timestamptz,
    finished_at timestamptz, counts boolean, delay_seconds float, result text, error_type text, error_message text)
WHERE {which} AND r.id = v.id AND r.attempt = v.attempt
  AND {state_in("r", (State.RUNNING,))} AND {holder}
RETURNING {ENDED}
"""


_FINISH = _finish(ALL, "r.worker_id = %(worker)s")
_FINISH_FREE = _finish(FREE, "r.worker_id = %(worker)s")
_FINISH_LOST = _finish(ALL, "r.lease_until < now()")
_FINISH_COLUMNS = (
    "id", "attempt", "outcome", "state", "started_at", "finished_at", "counts", "delay_seconds", "result",
    "error_type", "error_message",
)  # fmt: skip


def finish_runs(
    connection: sa.Connection, finished: Sequence[FinishedAttempt], worker: UUID, *, free_only: bool = False
) -> list[EndedRun]:
    """Write the ends of a worker's attempts; those that it still held and, with `free_only`, nobody has locked."""
    parameters = finish_parameters(finished) | {"worker": worker}
    statement = _FINISH_FREE if free_only else _FINISH
    return [EndedRun(*row) for row in connection.exec_driver_sql(statement, parameters).all()]


def finish_lost_runs(connection: sa.Connection, finished: Sequence[FinishedAttempt]) -> list[EndedRun]:
    """Write the ends of attempts whose leases ran out, in the transaction that holds their rows."""
    if not finished:
        return []
    return [EndedRun(*row) for row in connection.exec_driver_sql(_FINISH_LOST, finish_parameters(finished))]


def finish_parameters(finished: Sequence[FinishedAttempt]) -> dict[str, Any]:
    """What both statements are given: the ends without what is heavy, and the ids by themselves."""
    return {"rows": f"[{','.join(map(_as_row, finished))}]", "ids": as_array(end.id for end in finished)}


def _as_row(end: FinishedAttempt) -> str:
    """An end as a JSON object; a success, as most are, in the quickest way."""
    if end.state is State.SUCCEEDED and end.started_at is not None:
        result = "null" if end.result is None else json.dumps(end.result)
        return (
            f'{{"id":"{end.id}","attempt":{end.attempt},"outcome":"succeeded","state":"succeeded",'
            f'"started_at":"{end.started_at.isoformat()}","finished_at":"{end.finished_at.isoformat()}",'
            f'"counts":false,"delay_seconds":0,"result":{result}}}'
        )
    columns = ((column, getattr(end, column)) for column in _FINISH_COLUMNS)
    return as_json([{column: value for column, value in columns if value is not None}])[1:-1]


class Kept(Protocol):
    """What is kept of an attempt beside its run."""

    @property
    def id(self) -> UUID: ...
    @property
    def attempt(self) -> int: ...
    @property
    def output(self) -> str | None: ...
    @property
    def output_truncated(self) -> bool: ...
    @property
    def output_gaps(self) -> list[int] | None: ...
    @property
    def error_traceback(self) -> str | None: ...
    @property
    def progress(self) -> str | None: ...


_SAVE_OUTPUTS = """
INSERT INTO run_outputs (run_id, attempt, output, output_truncated, output_gaps, error_traceback, progress)
SELECT v.id, v.attempt, v.output, v.output_truncated, v.output_gaps, v.error_traceback, v.progress::jsonb
FROM jsonb_to_recordset(%(rows)s::jsonb) AS v(id uuid, attempt int, output text, output_truncated boolean,
    output_gaps bigint[], error_traceback text, progress text)
ON CONFLICT DO NOTHING
"""


def save_outputs(connection: sa.Connection, finished: Sequence[Kept]) -> None:
    """Keep output, traceback and progress of these attempts, apart from the hot rows."""
    columns = ("id", "attempt", "output", "output_truncated", "output_gaps", "error_traceback", "progress")
    if finished:
        rows = as_json({column: getattr(end, column) for column in columns} for end in finished)
        connection.exec_driver_sql(_SAVE_OUTPUTS, {"rows": rows})
