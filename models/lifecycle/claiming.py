"""SQL of claim: a worker takes runs for itself, and what it has taken already."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from config.direct import Direct
from models.events.telling import telling
from models.lifecycle.ended import UNSTARTED
from models.lifecycle.holds import is_paused
from models.sql.locks import ALL, FREE
from models.sql.rows import as_array
from models.sql.spelling import state_in
from models.words.states import State, sources


@dataclass(slots=True)
class ClaimedRun:
    """A run this worker holds, as the row was at the claim. Its fields are columns; the last is the database clock.

    `args` is None where there are none, as most have none; `timezone` is the schedule's as it is now, where the run
    stands for a slot.
    """

    id: UUID
    actor: str
    queue: str
    args: dict[str, Any] | None
    attempt: int
    retries: int
    interruptions: int
    max_retries: int
    min_backoff_seconds: float
    max_backoff_seconds: float
    time_limit_seconds: float
    trigger: str
    schedule_id: UUID | None
    schedule_name: str | None
    slot_at: datetime | None
    previous_slot_at: datetime | None
    next_slot_at: datetime | None
    due_at: datetime
    trace: str | None
    timezone: str | None
    checkpoint: Any
    claimed_at: datetime


_COMPUTED = {
    "args": "nullif(r.args, '{}')",
    "timezone": """CASE WHEN r.slot_at IS NOT NULL THEN
        (SELECT s.timezone FROM schedules s WHERE s.id = r.schedule_id) END""",
    "claimed_at": "clock_timestamp()",
}
_CLAIMED = ", ".join(f"{_COMPUTED.get(each.name, f'r.{each.name}')} AS {each.name}" for each in fields(ClaimedRun))
_CLAIMABLE = f"""{state_in("r", sources(State.RUNNING))} AND r.due_at <= now()
  AND (r.deadline_at IS NULL OR r.deadline_at > now() OR NOT ({UNSTARTED}))
  AND NOT {is_paused("r.queue")}"""


# The lease counts from the moment it is written: the statement may have waited for locks. A run that is claimed before
# its publisher has marked it was queued just now, as far as anybody knows; so was one whose queue was paused meanwhile.
def _claim(which: str) -> str:
    return f"""
WITH claimed AS (
    UPDATE runs r SET state = 'running', attempt = r.attempt + 1, worker_id = %(worker)s, started_at = NULL,
        queued_at = CASE WHEN r.state = 'queued' THEN coalesce(r.queued_at, now()) ELSE now() END,
        lease_until = clock_timestamp() + make_interval(secs => %(lease)s)
    WHERE {which} AND r.attempt = %(attempt)s AND {_CLAIMABLE}
    RETURNING {_CLAIMED}
), told AS (
    {telling("claimed", State.RUNNING)}
)
SELECT * FROM claimed
"""


_CLAIM, _CLAIM_FREE = _claim(ALL), _claim(FREE)


def claim_runs(
    connection: sa.Connection | Direct,
    runs: Sequence[UUID],
    attempt: int,
    worker: UUID,
    lease_seconds: float,
    *,
    free_only: bool = False,
) -> list[ClaimedRun]:
    """Claim these runs, of which each has had `attempt` attempts. Returns those won: a run that another worker holds,
    that has moved on, that is not due yet or whose queue is paused is not among them, nor, with `free_only`, one that
    somebody has locked."""
    parameters = {"ids": as_array(runs), "attempt": attempt, "worker": worker, "lease": lease_seconds}
    statement = _CLAIM_FREE if free_only else _CLAIM
    return [ClaimedRun(*row) for row in connection.exec_driver_sql(statement, parameters)]


_STILL_CLAIMABLE = f"SELECT r.id FROM runs r WHERE {ALL} AND r.attempt = %(attempt)s AND {_CLAIMABLE}"


def find_claimable(connection: sa.Connection, runs: Sequence[UUID], attempt: int) -> set[UUID]:
    """Of these runs, those that could be claimed: after a claim of the free ones, those that somebody has locked."""
    return set(connection.exec_driver_sql(_STILL_CLAIMABLE, {"ids": list(runs), "attempt": attempt}).scalars())


def _own(which: str) -> str:
    return f"""
UPDATE runs r SET lease_until = clock_timestamp() + make_interval(secs => %(lease)s)
WHERE {which} AND r.attempt = %(attempt)s + 1 AND {state_in("r", (State.RUNNING,))}
  AND r.worker_id = %(worker)s
RETURNING {_CLAIMED}
"""


_OWN, _OWN_FREE = _own(ALL), _own(FREE)


def renew_own_claims(
    connection: sa.Connection,
    runs: Sequence[UUID],
    attempt: int,
    worker: UUID,
    lease_seconds: float,
    *,
    free_only: bool = False,
) -> list[ClaimedRun]:
    """Of the runs given as for `claim_runs`, those that this worker has claimed already; their leases begin anew."""
    parameters = {"ids": list(runs), "attempt": attempt, "worker": worker, "lease": lease_seconds}
    statement = _OWN_FREE if free_only else _OWN
    return [ClaimedRun(*row) for row in connection.exec_driver_sql(statement, parameters)]


_STRAYS = f"""
SELECT {_CLAIMED} FROM runs r
WHERE r.state = 'running' AND r.worker_id = %(worker)s
  AND NOT EXISTS (SELECT FROM unnest(%(ids)s::uuid[], %(attempts)s::int[]) AS v(id, attempt)
                  WHERE v.id = r.id AND v.attempt = r.attempt)
"""


def read_stray_claims(connection: sa.Connection, known: Sequence[tuple[UUID, int]], worker: UUID) -> list[ClaimedRun]:
    """What this worker has claimed beside the (run, attempt) pairs that it knows of."""
    parameters = {"ids": [id_ for id_, _ in known], "attempts": [attempt for _, attempt in known], "worker": worker}
    return [ClaimedRun(*row) for row in connection.exec_driver_sql(_STRAYS, parameters)]
