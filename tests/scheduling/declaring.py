"""Schedules as an actor's code declares them."""

from typing import Any

import sqlalchemy as sa

from scheduling.declare import apply_declared_schedules
from tests.models.rows import WORKER, announce

FORGET_SECONDS = 600


def declare(connection: sa.Connection, **changes: Any) -> None:
    announce(connection, "work", schedule={"name": "nightly", "actor": "work", "cron": ["0 0 * * *"]} | changes)
    apply_declared_schedules(connection, FORGET_SECONDS)


def row(connection: sa.Connection, name: str = "nightly") -> Any:
    return connection.exec_driver_sql("SELECT * FROM schedules WHERE name = %(name)s", {"name": name}).one_or_none()


def add_worker(connection: sa.Connection, queue: str = "default", started: str = "1 h") -> None:
    connection.exec_driver_sql(
        "INSERT INTO workers (id, host, pid, queues, threads, version, started_at, last_seen_at, running)"
        " VALUES (%(id)s, 'h', 1, jsonb_build_array(%(queue)s::text), 1, '1', now() - %(started)s::interval, now(), 0)"
        " ON CONFLICT (id) DO UPDATE SET queues = excluded.queues, started_at = excluded.started_at",
        {"id": WORKER, "queue": queue, "started": started},
    )
