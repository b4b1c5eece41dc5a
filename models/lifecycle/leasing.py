"""SQL of leases: a worker renews those of the runs that it holds, and hears what is to be cancelled."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from models.sql.rows import as_json
from models.sql.spelling import state_in
from models.words.states import State

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
