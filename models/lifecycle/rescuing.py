"""SQL of rescue: runs whose lease ran out are taken back from workers that are presumed dead."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from models.lifecycle.ended import ENDED_UNSTARTED, UNSTARTED, EndedRun, count_back
from models.lifecycle.finishing import FinishedAttempt
from models.sql.spelling import quoted, state_in
from models.words.backoff import backoff_seconds
from models.words.states import Outcome, State, Trigger, sources


@dataclass(slots=True)
class LostRun:
    """A run whose worker is gone. The fields are in the order of the columns that are read; `now` is the database's."""

    id: UUID
    attempt: int
    schedule_id: UUID | None
    started_at: datetime | None
    retries: int
    max_retries: int
    min_backoff_seconds: float
    max_backoff_seconds: float
    is_to_cancel: bool
    actor: str
    queue: str
    due_at: datetime
    now: datetime

    def ended(self, outcome: Outcome, at: datetime, message: str, started_at: datetime | None) -> FinishedAttempt:
        """The end of the attempt, which counts as a failed one: the run retries or fails by its policy."""
        state = State.RETRYING if self.retries < self.max_retries else State.FAILED
        return FinishedAttempt.of(
            self,
            outcome,
            State.CANCELLED if self.is_to_cancel else state,
            at,
            started_at=started_at,
            counts=True,
            delay_seconds=backoff_seconds(self.retries, self.min_backoff_seconds, self.max_backoff_seconds),
            error_type="WorkerLost",
            error_message=message,
        )


_COLUMNS = """id, attempt, schedule_id, started_at, retries, max_retries, min_backoff_seconds, max_backoff_seconds,
    cancel_requested_at IS NOT NULL, actor, queue, due_at, now()"""

_TAKE_LOST = f"""
SELECT {_COLUMNS} FROM runs
WHERE state = 'running' AND lease_until < now()
ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
"""


def take_lost_runs(connection: sa.Connection, limit: int) -> list[LostRun]:
    """Runs whose lease ran out, locked for this transaction, which is to end their attempts."""
    return [LostRun(*row) for row in connection.exec_driver_sql(_TAKE_LOST, {"limit": limit})]


_TAKE_RUNS_OF = f"""
SELECT {_COLUMNS} FROM runs WHERE state = 'running' AND worker_id = %(worker)s ORDER BY id FOR UPDATE SKIP LOCKED
"""
_HAS_RUNS = "SELECT EXISTS (SELECT FROM runs WHERE state = 'running' AND worker_id = %(worker)s)"


def take_runs_of(connection: sa.Connection, worker: UUID) -> list[LostRun]:
    """What a worker that is certainly dead held, locked for this transaction; without what somebody else has locked."""
    return [LostRun(*row) for row in connection.exec_driver_sql(_TAKE_RUNS_OF, {"worker": worker})]


def has_runs(connection: sa.Connection, worker: UUID) -> bool:
    """Whether a worker holds anything."""
    return bool(connection.exec_driver_sql(_HAS_RUNS, {"worker": worker}).scalar_one())


# Schedules before runs, as everybody locks them; a run whose schedule somebody has locked is skipped later.
_SKIP_OVERDUE = f"""
WITH wanted AS MATERIALIZED (
    SELECT r.id, r.schedule_id, r.trigger FROM runs r
    WHERE r.state IN ({quoted(sources(State.SKIPPED))}) AND r.deadline_at <= now() AND {UNSTARTED}
), locked AS (
    SELECT s.id FROM schedules s WHERE s.id IN (SELECT schedule_id FROM wanted WHERE trigger = '{Trigger.SCHEDULE}')
    ORDER BY s.id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
), free AS (
    SELECT w.id FROM wanted w
    WHERE w.trigger <> '{Trigger.SCHEDULE}' OR w.schedule_id IN (SELECT id FROM locked)
        OR NOT EXISTS (SELECT FROM schedules s WHERE s.id = w.schedule_id)
    ORDER BY w.id LIMIT %(limit)s
), overdue AS (
    SELECT r.id FROM runs r
    WHERE r.id = ANY(ARRAY(SELECT id FROM free)) AND {state_in("r", sources(State.SKIPPED))}
      AND r.deadline_at <= now() AND {UNSTARTED}
    ORDER BY r.id FOR UPDATE OF r SKIP LOCKED
)
UPDATE runs r SET state = 'skipped', reason = 'deadline', finished_at = now(), lease_until = NULL
FROM overdue WHERE r.id = overdue.id
RETURNING {ENDED_UNSTARTED}
"""


def skip_overdue_runs(connection: sa.Connection, limit: int) -> list[EndedRun]:
    """Skip runs that had not started by their deadline, with reason `deadline`, and count their slots back."""
    skipped = [EndedRun(*row) for row in connection.exec_driver_sql(_SKIP_OVERDUE, {"limit": limit})]
    count_back(connection, skipped)
    return skipped
