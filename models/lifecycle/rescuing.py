"""SQL of rescue: runs whose lease ran out are taken back from workers that are presumed dead."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from models.lifecycle.ended import ENDED, EndedRun


@dataclass(slots=True)
class LostRun:
    """A run whose lease ran out. The fields are in the order of the columns that are read; `now` is the database's."""

    id: UUID
    attempt: int
    schedule_id: UUID | None
    started_at: datetime | None
    retries: int
    max_retries: int
    min_backoff_seconds: float
    max_backoff_seconds: float
    is_to_cancel: bool
    now: datetime


# PostgreSQL may itself have been away: after its start every lease gets one more term.
_TAKE_LOST = """
SELECT id, attempt, schedule_id, started_at, retries, max_retries, min_backoff_seconds, max_backoff_seconds,
    cancel_requested_at IS NOT NULL, now()
FROM runs
WHERE state = 'running' AND lease_until < now()
  AND pg_postmaster_start_time() < now() - make_interval(secs => %(lease)s)
ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
"""


def take_lost_runs(connection: sa.Connection, lease_seconds: float, limit: int) -> list[LostRun]:
    """Runs whose lease ran out, locked for this transaction, which is to end their attempts."""
    rows = connection.exec_driver_sql(_TAKE_LOST, {"lease": lease_seconds, "limit": limit})
    return [LostRun(*row) for row in rows]


_SKIP_OVERDUE = f"""
WITH overdue AS (
    SELECT id FROM runs
    WHERE state IN ('planned', 'queued') AND attempt = 0 AND deadline_at <= now()
    ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
UPDATE runs r SET state = 'skipped', reason = 'deadline', finished_at = now(), lease_until = NULL
FROM overdue WHERE r.id = overdue.id
RETURNING {ENDED}
"""


def skip_overdue_runs(connection: sa.Connection, limit: int) -> list[EndedRun]:
    """Skip runs that did not start by their deadline, with reason `deadline`."""
    return [EndedRun(*row) for row in connection.exec_driver_sql(_SKIP_OVERDUE, {"limit": limit})]
