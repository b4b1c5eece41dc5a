"""SQL of processes that report in: workers and the actors they know, schedulers and their ticks."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from models.sql.liveness import ANNOUNCED
from models.sql.rows import as_json
from models.sql.wake import notify


@dataclass(frozen=True)
class Announcement:
    """An actor as its worker knows it. `parameters` is a JSON Schema, `options` its retry and time policy,
    and the `schedule` that it declares; `run_seconds` is how long its runs take, None where the worker has no news."""

    name: str
    queue: str
    doc: str
    parameters: dict[str, Any]
    options: dict[str, Any]
    run_seconds: float | None = None


_REPORT_WORKER = """
INSERT INTO workers (id, host, pid, queues, actors, secrets, threads, version, started_at, last_seen_at, running,
    takes_bundles)
VALUES (%(id)s, %(host)s, %(pid)s, %(queues)s::jsonb, %(actors)s::jsonb, %(secrets)s::jsonb, %(threads)s, %(version)s,
    now(), now(), %(running)s, true)
ON CONFLICT (id) DO UPDATE SET last_seen_at = now(), running = excluded.running, queues = excluded.queues,
    actors = excluded.actors
RETURNING xmax = 0
"""


def report_worker(connection: sa.Connection, worker: dict[str, Any]) -> None:
    """Say that a worker process is alive; `queues`, `actors` and `secrets` are JSON text, other keys are columns.

    Its first word wakes the schedulers: runs may wait for it.
    """
    if connection.exec_driver_sql(_REPORT_WORKER, worker).scalar_one():
        notify(connection)


_ANNOUNCE = f"""
WITH v AS (
    SELECT * FROM jsonb_to_recordset(%(rows)s::jsonb)
        AS v(name text, queue text, doc text, parameters jsonb, options jsonb, run_seconds float)
), known AS (
    SELECT a.name FROM actors a WHERE {ANNOUNCED}
), announced AS (
    INSERT INTO actors AS a (name, queue, doc, parameters, options, run_seconds, announced_by, announced_at)
    SELECT name, queue, doc, parameters, options, run_seconds, %(worker)s, now() FROM v ORDER BY name
    ON CONFLICT (name) DO UPDATE SET queue = excluded.queue, doc = excluded.doc, parameters = excluded.parameters,
        options = excluded.options, run_seconds = coalesce(excluded.run_seconds, a.run_seconds),
        announced_by = excluded.announced_by, announced_at = now()
    RETURNING name
)
SELECT count(*) FROM announced WHERE name NOT IN (SELECT name FROM known)
"""


def announce_actors(connection: sa.Connection, actors: Sequence[Announcement], worker: UUID) -> int:
    """Announce what a worker can do; returns how many of the actors no live worker had announced before."""
    rows = as_json(asdict(actor) for actor in actors)
    return int(connection.exec_driver_sql(_ANNOUNCE, {"rows": rows, "worker": worker}).scalar_one())


_FORGET_WORKER = "DELETE FROM workers WHERE id = %(id)s"


def forget_worker(connection: sa.Connection, worker: UUID) -> None:
    """Take a worker that has stopped off the list."""
    connection.exec_driver_sql(_FORGET_WORKER, {"id": worker})


_NOTE_GAP = """
INSERT INTO scheduling_gaps (started_at, ended_at)
SELECT max(ticked_at), now() FROM schedulers HAVING max(ticked_at) < now() - make_interval(secs => %(after)s)
ON CONFLICT DO NOTHING
"""


def note_scheduling_gap(connection: sa.Connection, after_seconds: float) -> bool:
    """Before a first tick: keep the time since the last tick of any process, if it is longer than `after_seconds`."""
    return connection.exec_driver_sql(_NOTE_GAP, {"after": after_seconds}).rowcount == 1


_REPORT_TICK = """
INSERT INTO schedulers (id, host, pid, started_at, ticked_at) VALUES (%(id)s, %(host)s, %(pid)s, now(), now())
ON CONFLICT (id) DO UPDATE SET ticked_at = now()
"""


def report_tick(connection: sa.Connection, scheduler: dict[str, Any]) -> None:
    """Say that a scheduling process did its round: `id`, `host`, `pid`."""
    connection.exec_driver_sql(_REPORT_TICK, scheduler)
