"""SQL of prune: history past its retention goes in small batches or by whole months; partitions are made ahead."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa

from models.words.states import State

MONTHS_AHEAD = 2
LOCK_TIMEOUT = "SET LOCAL lock_timeout = '2s'"
"""Everybody waits behind whoever waits for the lock of a whole table."""

FIRST_ID = UUID(int=0)


@dataclass(frozen=True)
class Pruned:
    """What one batch did: how many rows of each state are gone, and the id to go on after; None at the end."""

    deleted: Mapping[State, int]
    last_id: UUID | None


# Reads a page of the primary key, whatever becomes of its rows: no batch is longer than another.
_PRUNE = """
WITH ages AS (
    SELECT * FROM unnest(%(states)s::text[], %(ages)s::interval[]) AS a(state, age)
), page AS MATERIALIZED (
    SELECT id, state, finished_at FROM runs
    WHERE id > %(after)s AND id < callsheet_first_id(now() - (SELECT min(age) FROM ages))
    ORDER BY id LIMIT %(limit)s
), old AS MATERIALIZED (
    SELECT p.id, p.state FROM page p JOIN ages a ON a.state = p.state WHERE p.finished_at < now() - a.age
), outputs AS (
    DELETE FROM run_outputs WHERE run_id = ANY(ARRAY(SELECT id FROM old))
), gone AS (
    DELETE FROM runs WHERE id = ANY(ARRAY(SELECT id FROM old))
)
SELECT (SELECT id FROM page ORDER BY id OFFSET %(limit)s - 1),
    (SELECT jsonb_object_agg(state, rows) FROM (SELECT state, count(*) AS rows FROM old GROUP BY state) counted)
"""


def prune_runs(connection: sa.Connection, ages: Mapping[State, timedelta], after: UUID, limit: int) -> Pruned:
    """Delete, of the next `limit` runs after an id, those that ended longer ago than their state's age, with output."""
    parameters = {
        "states": [state.value for state in ages],
        "ages": list(ages.values()),
        "after": after,
        "limit": limit,
    }
    last_id, deleted = connection.exec_driver_sql(_PRUNE, parameters).one()
    return Pruned({State(state): rows for state, rows in (deleted or {}).items()}, last_id)


_PRUNE_KEYS = "DELETE FROM trigger_keys WHERE created_at < now() - %(age)s"


def prune_trigger_keys(connection: sa.Connection, age: timedelta) -> int:
    """Forget idempotency keys of triggers older than `age`; how many."""
    return connection.exec_driver_sql(_PRUNE_KEYS, {"age": age}).rowcount


# The newest tick says since when nobody has planned.
_PRUNE_PROCESSES = (
    "DELETE FROM workers WHERE last_seen_at < now() - %(age)s",
    "DELETE FROM schedulers WHERE ticked_at < least(now() - %(age)s, (SELECT max(ticked_at) FROM schedulers))",
)


def prune_processes(connection: sa.Connection, age: timedelta) -> int:
    """Forget processes that have not been heard of for `age`; how many."""
    return sum(connection.exec_driver_sql(statement, {"age": age}).rowcount for statement in _PRUNE_PROCESSES)


_PRUNE_GAPS = "DELETE FROM scheduling_gaps WHERE ended_at < now() - %(age)s"


def prune_scheduling_gaps(connection: sa.Connection, age: timedelta) -> int:
    """Forget times without scheduling that ended longer than `age` ago; how many."""
    return connection.exec_driver_sql(_PRUNE_GAPS, {"age": age}).rowcount


_PRUNE_DELETED = "DELETE FROM deleted_schedules WHERE decided_at < now() - %(age)s"


def prune_deleted_schedules(connection: sa.Connection, age: timedelta) -> int:
    """Forget schedules that were deleted longer than `age` ago; how many."""
    return connection.exec_driver_sql(_PRUNE_DELETED, {"age": age}).rowcount


# The first are the oldest, whatever clocks have done since: what is not old yet keeps what follows for another day.
_PRUNE_AUDIT = """
DELETE FROM audit WHERE at < now() - %(age)s AND id <= (
    SELECT max(id) FROM (SELECT id FROM audit ORDER BY id LIMIT %(limit)s) oldest)
"""


def prune_audit(connection: sa.Connection, age: timedelta, limit: int) -> int:
    """Delete, of the first `limit` acts, those older than `age`; how many."""
    return connection.exec_driver_sql(_PRUNE_AUDIT, {"age": age, "limit": limit}).rowcount


def make_partitions(connection: sa.Connection) -> None:
    """Make the monthly partitions of runs and their output for the coming months, where they are missing.

    Waits for readers of the whole table 2 s at most, as everybody else would wait behind it: then sqlalchemy's
    OperationalError, and the next call tries again. Until then rows of such a month are in the default partition, from
    where a few move; of more the month stays without one, as that would take long, and the server warns.
    """
    connection.exec_driver_sql(LOCK_TIMEOUT)
    connection.exec_driver_sql("SELECT callsheet_make_partitions(%(months)s)", {"months": MONTHS_AHEAD})


def drop_partition(connection: sa.Connection, age: timedelta) -> str | None:
    """Drop the first month of runs, with their output, of which everything ended longer than `age` ago.

    Returns the month, such as 2026_01, or None if there is none. Waits and raises as `make_partitions` does.
    """
    connection.exec_driver_sql(LOCK_TIMEOUT)
    dropped: str | None = connection.exec_driver_sql(
        "SELECT callsheet_drop_partition(%(age)s)", {"age": age}
    ).scalar_one()
    return dropped
