"""SQL of prune: history past its retention goes in small batches; partitions are made ahead."""

from datetime import timedelta

import sqlalchemy as sa

from models.states import State

MONTHS_AHEAD = 2

_PRUNE = """
WITH old AS (
    SELECT id FROM runs
    WHERE id < callsheet_first_id(now() - %(age)s) AND state = %(state)s AND finished_at < now() - %(age)s
    ORDER BY id LIMIT %(limit)s
), outputs AS (
    DELETE FROM run_outputs o USING old WHERE o.run_id = old.id
)
DELETE FROM runs r USING old WHERE r.id = old.id
"""


def prune_runs(connection: sa.Connection, state: State, age: timedelta, limit: int) -> int:
    """Delete up to `limit` runs in a final state that ended longer than `age` ago, with their output; how many."""
    return connection.exec_driver_sql(_PRUNE, {"state": state.value, "age": age, "limit": limit}).rowcount


_PRUNE_KEYS = "DELETE FROM trigger_keys WHERE created_at < now() - %(age)s"


def prune_trigger_keys(connection: sa.Connection, age: timedelta) -> int:
    """Forget idempotency keys of triggers older than `age`; how many."""
    return connection.exec_driver_sql(_PRUNE_KEYS, {"age": age}).rowcount


def make_partitions(connection: sa.Connection) -> None:
    """Make the monthly partitions of runs and their output for the coming months, where they are missing.

    Waits for readers of the whole table 2 s at most, as everybody else would wait behind it: then sqlalchemy's
    OperationalError, and the next call tries again. Until then rows of such a month are in the default partition.
    """
    connection.exec_driver_sql("SET LOCAL lock_timeout = '2s'")
    connection.exec_driver_sql("SELECT callsheet_make_partitions(%(months)s)", {"months": MONTHS_AHEAD})
