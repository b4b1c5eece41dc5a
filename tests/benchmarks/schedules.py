"""Schedules in bulk, as rows."""

from datetime import datetime

from tests.benchmarks.system import System

_INSERT = """
INSERT INTO schedules (id, name, description, actor, args, priority, cron, every_seconds, timezone, starts_at,
    jitter_seconds, overlap, catchup, catchup_window_seconds, tags, source, version, created_at, updated_at, cursor_at,
    next_due_at, slots_run, consecutive_failures)
SELECT gen_random_uuid(), %(prefix)s || n, '', 'noop', '{}', 5, %(cron)s::jsonb, %(every)s, 'UTC',
    %(starts_at)s::timestamptz + n * %(apart)s * interval '1 second', 0, 'skip', 'latest', 86400, '[]', 'api', 1,
    now(), now(), now(), coalesce(%(due_at)s::timestamptz, %(starts_at)s + n * %(apart)s * interval '1 second'), 0, 0
FROM generate_series(0, %(count)s - 1) n
"""


def insert_cron(system: System, count: int, expression: str, due_at: datetime, prefix: str = "cron-") -> None:
    """Schedules with one cron expression (a JSON list), next due at one instant."""
    _insert(system, count=count, cron=expression, due_at=due_at, prefix=prefix)


def insert_intervals(system: System, count: int, seconds: float, starts_at: datetime, apart: float) -> None:
    """Schedules with one interval, each of which starts `apart` seconds after the one before."""
    _insert(system, count=count, every=seconds, starts_at=starts_at, apart=apart, prefix="every-")


def _insert(system: System, **given: object) -> None:
    parameters = {"cron": None, "every": None, "starts_at": None, "apart": 0.0, "due_at": None} | given
    with system.engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        connection.exec_driver_sql(_INSERT, parameters)
    with system.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("SET statement_timeout = 0")
        connection.exec_driver_sql("VACUUM ANALYZE schedules")
