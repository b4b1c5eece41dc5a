"""SQL of processes that report in: workers and the actors they know, schedulers and their ticks."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from models.sql.liveness import ANNOUNCED, LIVE
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


# Whoever starts while the others of its master are drained is drained with them.
_REPORT_WORKER = f"""
INSERT INTO workers (id, host, pid, parent_pid, queues, actors, secrets, secret_rules, threads, version, release,
    started_at, last_seen_at, running, stuck_threads, drain_requested_at, takes_bundles)
VALUES (%(id)s, %(host)s, %(pid)s, %(parent_pid)s, %(queues)s::jsonb, %(actors)s::jsonb, %(secrets)s::jsonb,
    %(secret_rules)s::jsonb, %(threads)s, %(version)s, %(release)s, now(), now(), %(running)s, %(stuck_threads)s,
    (SELECT max(w.drain_requested_at) FROM workers w
     WHERE {LIVE} AND (w.host, w.parent_pid) = (%(host)s, %(parent_pid)s::int)), true)
ON CONFLICT (id) DO UPDATE SET last_seen_at = now(), running = excluded.running, queues = excluded.queues,
    actors = excluded.actors, stuck_threads = excluded.stuck_threads
RETURNING xmax = 0, drain_requested_at IS NOT NULL
"""


def report_worker(connection: sa.Connection, worker: dict[str, Any]) -> bool:
    """Say that a worker process is alive; keys are columns, those of lists and maps JSON text.

    Its first word wakes the schedulers: runs may wait for it. Returns whether it was asked to drain.
    """
    is_new, is_to_drain = connection.exec_driver_sql(_REPORT_WORKER, worker).one()
    if is_new:
        notify(connection)
    return bool(is_to_drain)


# Those of one master end together.
_TOGETHER = f"""{LIVE} AND (w.id = %(id)s
    OR (w.host, w.parent_pid) = (SELECT o.host, o.parent_pid FROM workers o WHERE o.id = %(id)s))"""
_DRAIN = f"""
UPDATE workers w SET drain_requested_at = coalesce(w.drain_requested_at, now()) WHERE {_TOGETHER}
RETURNING w.*, true AS live
"""


def drain_workers(connection: sa.Connection, worker: UUID) -> Sequence[sa.Row[Any]]:
    """Ask a live worker, and the others of its master, to take no more runs; those that were asked, by id."""
    rows = connection.exec_driver_sql(_DRAIN, {"id": worker}).all()
    return sorted(rows, key=lambda row: row.id)


_NOTE_DRAINED = "UPDATE workers SET drained_at = coalesce(drained_at, now()) WHERE id = %(id)s"
_ARE_DRAINED = f"SELECT NOT EXISTS (SELECT FROM workers w WHERE {_TOGETHER} AND w.drained_at IS NULL)"


def note_drained(connection: sa.Connection, worker: UUID) -> bool:
    """Say that a worker has no runs any more; whether the same is true of all others of its master."""
    connection.exec_driver_sql(_NOTE_DRAINED, {"id": worker})
    return bool(connection.exec_driver_sql(_ARE_DRAINED, {"id": worker}).scalar_one())


# Two releases side by side announce the same actors: the worker that started last decides while it lives.
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
    WHERE a.announced_by = excluded.announced_by OR NOT EXISTS (
        SELECT FROM workers w WHERE w.id = a.announced_by AND {LIVE}
            AND w.started_at > coalesce((SELECT o.started_at FROM workers o WHERE o.id = %(worker)s), '-infinity'))
    RETURNING name
)
SELECT count(*) FROM announced WHERE name NOT IN (SELECT name FROM known)
"""


def announce_actors(connection: sa.Connection, actors: Sequence[Announcement], worker: UUID) -> int:
    """Announce what a worker can do; returns how many of the actors no live worker had announced before.

    What a live worker has announced that started later than this one stays as it is.
    """
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
INSERT INTO schedulers (id, host, pid, started_at, ticked_at, reaches_broker)
VALUES (%(id)s, %(host)s, %(pid)s, now(), now(), %(reaches_broker)s)
ON CONFLICT (id) DO UPDATE SET ticked_at = now(), reaches_broker = excluded.reaches_broker
"""


def report_tick(connection: sa.Connection, scheduler: dict[str, Any]) -> None:
    """Say that a scheduling process did its round: `id`, `host`, `pid`, `reaches_broker`."""
    connection.exec_driver_sql(_REPORT_TICK, scheduler)
