"""SQL of what `callsheet doctor` looks at besides health: connections, actors that nobody has, leases, partitions."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from models.sql.liveness import ANNOUNCED, LIVE

_CONNECTIONS = f"""
SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int AS allowed,
    (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS used,
    (SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'callsheet %%') AS ours,
    (SELECT count(*) FROM workers w WHERE {LIVE}) AS workers,
    (SELECT count(*) FROM schedulers WHERE ticked_at > now() - interval '1 minute') AS schedulers
"""


def read_connections(connection: sa.Connection) -> sa.Row[Any]:
    """How many connections the server allows, how many are `used`, how many of them are `ours` as far as this role may
    see that, and the live `workers` and `schedulers` that need some."""
    return connection.exec_driver_sql(_CONNECTIONS).one()


_UNKNOWN_ACTORS = f"""
SELECT s.actor, count(*) AS schedules, min(s.name) AS name
FROM (SELECT actor, name FROM schedules LIMIT 10000) s
WHERE NOT EXISTS (SELECT FROM actors a WHERE a.name = s.actor AND {ANNOUNCED})
GROUP BY s.actor ORDER BY s.actor LIMIT 20
"""


def unknown_actors(connection: sa.Connection) -> Sequence[sa.Row[Any]]:
    """Actors of schedules that no worker has announced: `actor`, how many `schedules`, and the `name` of the first."""
    return connection.exec_driver_sql(_UNKNOWN_ACTORS).all()


STALE_SECONDS = 60
_STALE = f"""
SELECT count(*) AS runs, extract(epoch FROM now() - min(lease_until))::int AS seconds, min(id::text) AS id
FROM (SELECT id, lease_until FROM runs WHERE state = 'running' AND lease_until < now() - interval '{STALE_SECONDS} s'
      ORDER BY lease_until LIMIT 1000) r HAVING count(*) > 0
"""


def stale_leases(connection: sa.Connection) -> sa.Row[Any] | None:
    """How many `runs` nobody has renewed or rescued for a minute, the oldest for how many `seconds`; None for none."""
    return connection.exec_driver_sql(_STALE).one_or_none()


_PARTITIONS = """
SELECT to_char(month, 'YYYY_MM') AS month
FROM generate_series(date_trunc('month', now() AT TIME ZONE 'UTC'),
    date_trunc('month', now() AT TIME ZONE 'UTC') + interval '1 month', interval '1 month') AS month
WHERE to_regclass('runs_' || to_char(month, 'YYYY_MM')) IS NULL
"""


def missing_partitions(connection: sa.Connection) -> Sequence[str]:
    """Of this month and the next those that have no partition."""
    return connection.exec_driver_sql(_PARTITIONS).scalars().all()
