"""SQL of what becomes of messages: the broker has them, it could not be reached, or they came to a worker in vain."""

from collections.abc import Iterable, Sequence
from uuid import UUID

import sqlalchemy as sa

from models.lifecycle.publishing import NO_WORKER, LeasedRun
from models.sql.rows import by_attempt
from models.sql.spelling import state_in
from models.words.states import State


def _of_queued(condition: str) -> str:
    return f"""id = ANY(ARRAY(
    SELECT r.id FROM runs r
    WHERE r.id = ANY(%(ids)s) AND r.attempt = %(attempt)s AND {state_in("r", (State.QUEUED,))} AND {condition}
    ORDER BY r.id FOR UPDATE SKIP LOCKED))"""


_NOTE_CONFIRMED = f"UPDATE runs SET lease_until = NULL WHERE {_of_queued('r.lease_until IS NOT NULL')}"
_RELEASE = f"""
UPDATE runs SET state = CASE WHEN attempt = 0 THEN 'planned' ELSE 'retrying' END, queued_at = NULL, lease_until = NULL
WHERE {_of_queued("true")}
"""


def note_confirmed(connection: sa.Connection, runs: Sequence[LeasedRun]) -> None:
    """End the leases of runs whose messages the broker has; what a worker has claimed meanwhile stays as it is.

    Before they run out, or the messages are sent again; so are those of rows that somebody has locked.
    """
    for attempt, ids in by_attempt((run.id, run.attempt) for run in runs).items():
        connection.exec_driver_sql(_NOTE_CONFIRMED, {"ids": ids, "attempt": attempt})


def release_runs(connection: sa.Connection, runs: Sequence[LeasedRun]) -> None:
    """Have runs whose publishing failed wait again in their rows; a message that did arrive is a duplicate then.

    What somebody has locked is published again when its lease has run out.
    """
    for attempt, ids in by_attempt((run.id, run.attempt) for run in runs).items():
        connection.exec_driver_sql(_RELEASE, {"ids": ids, "attempt": attempt})


_BOUNCE = f"""
UPDATE runs SET state = CASE WHEN attempt = 0 THEN 'planned' ELSE 'retrying' END, queued_at = NULL,
    lease_until = now() + make_interval(secs => %(seconds)s), waiting_for = coalesce(waiting_for, {NO_WORKER})
WHERE {_of_queued("true")}
"""
_STILL = f"""SELECT r.id FROM runs r
WHERE r.id = ANY(%(ids)s) AND r.attempt = %(attempt)s AND {state_in("r", (State.QUEUED,))}"""


def bounce_runs(connection: sa.Connection, keys: Iterable[tuple[UUID, int]], seconds: float) -> set[UUID]:
    """Have runs wait in their rows for a worker that knows their actor; they are not published again for so long.
    Returns those that are queued all the same, as somebody has locked them."""
    locked: set[UUID] = set()
    for attempt, ids in by_attempt(keys).items():
        parameters = {"ids": ids, "attempt": attempt}
        connection.exec_driver_sql(_BOUNCE, parameters | {"seconds": seconds})
        locked |= set(connection.exec_driver_sql(_STILL, parameters).scalars())
    return locked
