"""SQL of rescue: runs whose lease ran out are taken back from workers that are presumed dead."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

# PostgreSQL may itself have been away: after its start every lease gets one more term.
_RESCUE = """
WITH lost AS (
    SELECT id,
        CASE WHEN cancel_requested_at IS NOT NULL THEN 'cancelled'
             WHEN retries < max_retries THEN 'retrying' ELSE 'failed' END AS state,
        least(min_backoff_seconds * 2 ^ least(retries, 32), max_backoff_seconds) AS backoff
    FROM runs
    WHERE state = 'running' AND lease_until < now()
      AND pg_postmaster_start_time() < now() - make_interval(secs => %(lease)s)
    ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
UPDATE runs r SET
    state = lost.state,
    retries = r.retries + (lost.state = 'retrying')::int,
    due_at = CASE WHEN lost.state = 'retrying' THEN now() + make_interval(secs => lost.backoff) ELSE r.due_at END,
    lease_until = NULL,
    finished_at = CASE WHEN lost.state = 'retrying' THEN NULL ELSE now() END,
    error_type = 'WorkerLost',
    error_message = %(message)s,
    attempts = r.attempts || jsonb_build_object(
        'number', r.attempt, 'worker', r.worker_id, 'started_at', r.started_at, 'finished_at', now(),
        'outcome', 'lost', 'error', jsonb_build_object('type', 'WorkerLost', 'message', %(message)s::text),
        'backoff_seconds', CASE WHEN lost.state = 'retrying' THEN lost.backoff END)
FROM lost
WHERE r.id = lost.id
RETURNING r.id, r.attempt, r.state, r.schedule_id, r.actor
"""

_LOST = "the worker did not renew its lease: it was killed, or lost the database"


def rescue_lost_runs(connection: sa.Connection, lease_seconds: float, limit: int) -> Sequence[sa.Row[Any]]:
    """End the attempts whose lease ran out as `lost`: (id, attempt, state, schedule_id, actor) of each.

    A lost attempt counts as a failed one: the run retries or fails by its policy.
    """
    return connection.exec_driver_sql(_RESCUE, {"lease": lease_seconds, "limit": limit, "message": _LOST}).all()


_SKIP_OVERDUE = """
WITH overdue AS (
    SELECT id FROM runs
    WHERE state IN ('planned', 'queued') AND attempt = 0 AND deadline_at <= now()
    ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
UPDATE runs r SET state = 'skipped', reason = 'deadline', finished_at = now(), lease_until = NULL
FROM overdue WHERE r.id = overdue.id
"""


def skip_overdue_runs(connection: sa.Connection, limit: int) -> int:
    """Skip runs that did not start by their deadline, with reason `deadline`; returns how many."""
    return connection.exec_driver_sql(_SKIP_OVERDUE, {"limit": limit}).rowcount
