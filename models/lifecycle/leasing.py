"""SQL of leases: a worker renews those of the runs that it holds, and hears what is to be cancelled."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from models.sql.locks import ALL, FREE
from models.sql.rows import as_json
from models.sql.spelling import state_in
from models.words.states import State

_MINE = f"{state_in('r', (State.RUNNING,))} AND r.worker_id = %(worker)s"


def _renew(which: str) -> str:
    return f"""
UPDATE runs r SET lease_until = clock_timestamp() + make_interval(secs => %(lease)s), started_at = v.started_at
FROM jsonb_to_recordset(%(rows)s::jsonb) AS v(id uuid, attempt int, started_at timestamptz)
WHERE {which} AND r.id = v.id AND r.attempt = v.attempt AND {_MINE}
RETURNING r.id, r.attempt, r.cancel_requested_at IS NOT NULL
"""


_RENEW, _RENEW_FREE = _renew(ALL), _renew(FREE)


def renew_leases(
    connection: sa.Connection,
    held: Sequence[dict[str, Any]],
    worker: UUID,
    lease_seconds: float,
    *,
    free_only: bool = False,
) -> dict[tuple[UUID, int], bool]:
    """Renew the leases of runs (`id`, `attempt`, `started_at` or None) and note when they really started.

    Returns, for each (run, attempt) still held, whether it has been asked to cancel. With `free_only` those that
    somebody has locked are not among them.
    """
    if not held:
        return {}
    statement = _RENEW_FREE if free_only else _RENEW
    rows = connection.exec_driver_sql(statement, renewal_parameters(held, worker, lease_seconds))
    return {(row[0], row[1]): row[2] for row in rows}


def renewal_parameters(held: Sequence[dict[str, Any]], worker: UUID, lease_seconds: float) -> dict[str, Any]:
    """What the statement is given: the attempts, and the ids by themselves."""
    return {"rows": as_json(held), "ids": [run["id"] for run in held], "worker": worker, "lease": lease_seconds}


def _save(which: str) -> str:
    return f"""
UPDATE runs r SET checkpoint = v.checkpoint::jsonb
FROM jsonb_to_recordset(%(rows)s::jsonb) AS v(id uuid, attempt int, checkpoint text)
WHERE {which} AND r.id = v.id AND r.attempt = v.attempt AND {_MINE}
RETURNING r.id, r.attempt
"""


_SAVE, _SAVE_FREE = _save(ALL), _save(FREE)


def save_checkpoints(
    connection: sa.Connection, checkpoints: Mapping[tuple[UUID, int], str], worker: UUID, *, free_only: bool = False
) -> list[tuple[UUID, int]]:
    """Keep what attempts, by (run, attempt), have left for the next ones as JSON text; returns those that this worker
    still held and, with `free_only`, nobody had locked."""
    if not checkpoints:
        return []
    rows = [{"id": id_, "attempt": attempt, "checkpoint": text} for (id_, attempt), text in checkpoints.items()]
    given = {"rows": as_json(rows), "ids": [id_ for id_, _ in checkpoints], "worker": worker}
    return [(row[0], row[1]) for row in connection.exec_driver_sql(_SAVE_FREE if free_only else _SAVE, given)]


_OWN = f"SELECT r.id, r.attempt FROM runs r WHERE {ALL} AND {_MINE}"


def find_own(connection: sa.Connection, runs: Iterable[tuple[UUID, int]], worker: UUID) -> set[tuple[UUID, int]]:
    """Of these (run, attempt) pairs, those that are this worker's by now; a lock on their rows changes nothing."""
    wanted = set(runs)
    found = connection.exec_driver_sql(_OWN, {"ids": [id_ for id_, _ in wanted], "worker": worker})
    return wanted & {(row[0], row[1]) for row in found}
