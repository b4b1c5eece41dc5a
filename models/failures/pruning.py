"""SQL of pruning failures: what has not failed so for longer than failed runs are kept goes, and notes of runs that
are gone."""

from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa

# It waits for no lock, so whoever counts new ones meanwhile may wait for it.
_PRUNE_KINDS = """
WITH old AS MATERIALIZED (
    SELECT ctid FROM error_schedules WHERE last_at < now() - %(age)s::interval FOR UPDATE SKIP LOCKED
), of_schedules AS (
    DELETE FROM error_schedules WHERE ctid = ANY(ARRAY(SELECT ctid FROM old))
)
DELETE FROM errors WHERE fingerprint = ANY(ARRAY(
    SELECT fingerprint FROM errors WHERE last_at < now() - %(age)s::interval FOR UPDATE SKIP LOCKED))
"""


def prune_failures(connection: sa.Connection, age: timedelta) -> int:
    """Forget failures that were last seen longer than `age` ago; how many kinds."""
    return connection.exec_driver_sql(_PRUNE_KINDS, {"age": age}).rowcount


# A page of the key, whatever becomes of its rows, as with runs.
_PRUNE_NOTES = """
WITH page AS MATERIALIZED (
    SELECT run_id FROM failed_runs
    WHERE run_id > %(after)s AND run_id < callsheet_first_id(now() - %(age)s::interval) ORDER BY run_id LIMIT %(limit)s
), gone AS (
    DELETE FROM failed_runs WHERE run_id = ANY(ARRAY(
        SELECT run_id FROM page p WHERE NOT EXISTS (SELECT FROM runs r WHERE r.id = p.run_id)))
)
SELECT run_id FROM page ORDER BY run_id OFFSET %(limit)s - 1
"""


def prune_failed_runs(connection: sa.Connection, age: timedelta, after: UUID, limit: int) -> UUID | None:
    """Of the next `limit` notes after an id, forget those whose runs are gone. The id to go on after; None at the
    end."""
    parameters = {"age": age, "after": after, "limit": limit}
    last_id: UUID | None = connection.exec_driver_sql(_PRUNE_NOTES, parameters).scalar_one_or_none()
    return last_id
