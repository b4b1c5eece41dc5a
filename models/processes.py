"""SQL of what processes report: actors, workers, and the facts of health."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from models.sql.liveness import ANNOUNCED, LIVE
from models.sql.spelling import quoted
from models.words.states import PUBLISHABLE_STATES

_ACTORS = f"""
SELECT a.*, {ANNOUNCED} AS live
FROM actors a WHERE a.name > %(after)s ORDER BY a.name LIMIT %(limit)s
"""


def list_actors(connection: sa.Connection, limit: int, after: str | None) -> Sequence[sa.Row[Any]]:
    """Announced actors by name, each with `live`: whether a worker has announced it lately."""
    return connection.exec_driver_sql(_ACTORS, {"after": after or "", "limit": limit}).all()


_ACTOR = "SELECT * FROM actors WHERE name = %(name)s"


def get_actor(connection: sa.Connection, name: str) -> sa.Row[Any] | None:
    """What workers announced about an actor; None if none has."""
    return connection.exec_driver_sql(_ACTOR, {"name": name}).one_or_none()


_WORKERS = f"""
SELECT w.*, {LIVE} AS live
FROM workers w
WHERE w.last_seen_at > now() - interval '1 day' AND (%(after)s::uuid IS NULL OR w.id > %(after)s::uuid)
ORDER BY w.id LIMIT %(limit)s
"""


def list_workers(connection: sa.Connection, limit: int, after: UUID | None) -> Sequence[sa.Row[Any]]:
    """Workers seen within the last day by id, each with `live`."""
    return connection.exec_driver_sql(_WORKERS, {"after": after, "limit": limit}).all()


_HAS_REVISION = "SELECT to_regclass('alembic_version') IS NOT NULL"
_REVISION = "SELECT version_num FROM alembic_version"


def read_revision(connection: sa.Connection) -> str | None:
    """The migration the database is at; None if it was never migrated."""
    if not connection.exec_driver_sql(_HAS_REVISION).scalar_one():
        return None
    revision: str | None = connection.exec_driver_sql(_REVISION).scalar_one_or_none()
    return revision


PLANNED_SECONDS = 30
"""Who has planned a slot within this time plans; a schedule that is overdue all the same has been locked."""

_HEALTH = f"""
SELECT
    (SELECT extract(epoch FROM clock_timestamp() - max(ticked_at))::float FROM schedulers) AS last_tick_age_seconds,
    (SELECT extract(epoch FROM now() - min(due_at))::float FROM runs
     WHERE state IN ({quoted(PUBLISHABLE_STATES)}) AND due_at <= now()) AS oldest_due_run_seconds,
    (SELECT extract(epoch FROM now() - min(next_due_at))::float FROM schedules
     WHERE next_due_at <= now() AND error IS NULL) AS oldest_due_schedule_seconds,
    EXISTS (SELECT FROM runs WHERE id >= callsheet_first_id(now() - interval '{PLANNED_SECONDS} s')
        AND trigger = 'schedule' AND planned_at > now() - interval '{PLANNED_SECONDS} s') AS plans,
    (SELECT count(*) FROM workers w WHERE {LIVE}) AS workers,
    current_setting('transaction_read_only')::boolean AS read_only
"""


def read_health(connection: sa.Connection) -> sa.Row[Any]:
    """`last_tick_age_seconds`, `oldest_due_run_seconds` and `oldest_due_schedule_seconds` (None for none), `plans`
    (whether slots are planned), `workers` live, `read_only`."""
    return connection.exec_driver_sql(_HEALTH).one()
