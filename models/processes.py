"""SQL of what processes report: actors, workers, and the facts of health."""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa

from models.lifecycle.holds import has_worker, is_paused
from models.sql.liveness import ANNOUNCED, LIVE
from models.sql.scope import IN_SCOPE, scope_parameters
from models.sql.spelling import quoted
from models.words.roles import Scope
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


_ACTORS_NAMED = "SELECT * FROM actors WHERE name = ANY(%(names)s)"


def get_actors(connection: sa.Connection, names: Collection[str]) -> dict[str, sa.Row[Any]]:
    """What workers announced about these actors, by name; what none has is left out."""
    rows = connection.exec_driver_sql(_ACTORS_NAMED, {"names": list(names)})
    return {row.name: row for row in rows}


_ACTORS_OF_SCHEDULES = """
SELECT few.actor, count(*) AS schedules
FROM (SELECT s.actor FROM schedules s {where} ORDER BY s.name LIMIT %(limit)s) few
GROUP BY few.actor ORDER BY few.actor
"""


def count_by_actor(connection: sa.Connection, limit: int, only: Scope | None = None) -> dict[str, int]:
    """By actor, how many schedules name it: of the first `limit` of those that somebody sees."""
    statement = _ACTORS_OF_SCHEDULES.format(where="" if only is None else f"WHERE {IN_SCOPE}")
    given = {"limit": limit} | ({} if only is None else scope_parameters(only))
    return {row.actor: row.schedules for row in connection.exec_driver_sql(statement, given)}


SILENT_SECONDS = 30
"""A worker that has not reported for so long is said to be silent."""

_LIVE_WORKERS = f"SELECT id, host, pid, actors FROM workers w WHERE {LIVE} ORDER BY id LIMIT %(limit)s"


def live_workers(connection: sa.Connection, limit: int) -> Sequence[sa.Row[Any]]:
    """The first of the live workers, with the `actors` that they know; None where one does not say."""
    return connection.exec_driver_sql(_LIVE_WORKERS, {"limit": limit}).all()


_WORKERS = f"""
SELECT w.*, {LIVE} AS live, w.last_seen_at < now() - make_interval(secs => {SILENT_SECONDS}) AS silent
FROM workers w
WHERE w.last_seen_at > now() - interval '1 day' AND (%(after)s::uuid IS NULL OR w.id > %(after)s::uuid)
ORDER BY w.id LIMIT %(limit)s
"""


def list_workers(connection: sa.Connection, limit: int, after: UUID | None) -> Sequence[sa.Row[Any]]:
    """Workers seen within the last day by id, each with `live` and `silent`, which says that no word came lately."""
    return connection.exec_driver_sql(_WORKERS, {"after": after, "limit": limit}).all()


_HELD = """
SELECT r.id, r.worker_id, r.actor, r.schedule_name, r.started_at, r.attempt
FROM (SELECT * FROM runs WHERE state = 'running' ORDER BY id LIMIT %(limit)s) r
WHERE r.worker_id = ANY(%(workers)s) ORDER BY r.id
"""


def held_runs(connection: sa.Connection, workers: Collection[UUID], limit: int) -> dict[UUID, list[sa.Row[Any]]]:
    """What these workers run, by worker, of the oldest `limit` that run."""
    found: dict[UUID, list[sa.Row[Any]]] = {}
    for row in connection.exec_driver_sql(_HELD, {"workers": list(workers), "limit": limit}):
        found.setdefault(row.worker_id, []).append(row)
    return found


class KnownSecret(NamedTuple):
    """A secret that live workers have; `allow` are the rules of who may use it, None for everybody."""

    name: str
    workers: int
    allow: list[str] | None


_SECRETS = f"""
SELECT s.name, count(*), array_agg(DISTINCT w.secret_rules -> s.name)
FROM workers w CROSS JOIN LATERAL jsonb_array_elements_text(w.secrets) AS s(name)
WHERE {LIVE} AND jsonb_typeof(w.secrets) = 'array' GROUP BY s.name ORDER BY s.name
"""


def list_secrets(connection: sa.Connection) -> list[KnownSecret]:
    """The secrets that live workers have. What one of them allows is allowed."""
    rows = connection.exec_driver_sql(_SECRETS)
    return [
        KnownSecret(name, workers, None if None in allow else sorted({rule for rules in allow for rule in rules}))
        for name, workers, allow in rows
    ]


_ARE_ALL_KNOWN = f"SELECT count(*) > 0 AND count(w.secrets) = count(*) FROM workers w WHERE {LIVE}"


def known_secrets(connection: sa.Connection) -> set[str] | None:
    """The secrets that some live worker has; None while that is not known, as none is there or one does not say."""
    if not connection.exec_driver_sql(_ARE_ALL_KNOWN).scalar_one():
        return None
    return {secret.name for secret in list_secrets(connection)}


_HAS_REVISION = "SELECT to_regclass('alembic_version') IS NOT NULL"
_REVISION = "SELECT version_num FROM alembic_version"


def read_revision(connection: sa.Connection) -> str | None:
    """The migration the database is at; None if it was never migrated."""
    if not connection.exec_driver_sql(_HAS_REVISION).scalar_one():
        return None
    revision: str | None = connection.exec_driver_sql(_REVISION).scalar_one_or_none()
    return revision


STUCK_SECONDS = 30
_LOOKED_AT = 10_000
"""So many runs are looked at, however many wait: whoever asks whether the service is ready asks often."""

_STUCK = f"""
WITH waiting AS (
    SELECT r.due_at, r.actor, r.queue, CASE
        WHEN NOT EXISTS (SELECT FROM actors a WHERE a.name = r.actor AND {ANNOUNCED}) THEN 'actor'
        WHEN NOT {has_worker("r.actor", "r.queue")} THEN 'worker'
        WHEN {is_paused("r.queue")} THEN 'queue' END AS waiting_for
    FROM (SELECT due_at, actor, queue, waiting_for FROM runs
          WHERE state IN ({quoted(PUBLISHABLE_STATES)}) AND due_at < now() - make_interval(secs => {STUCK_SECONDS})
          ORDER BY due_at LIMIT {_LOOKED_AT}) r
    WHERE r.waiting_for IN ('actor', 'queue', 'worker')
)
SELECT waiting_for, count(*) AS runs, extract(epoch FROM now() - min(due_at))::float AS seconds,
    (array_agg(actor ORDER BY due_at))[1] AS actor, (array_agg(queue ORDER BY due_at))[1] AS queue
FROM waiting WHERE waiting_for IS NOT NULL GROUP BY waiting_for ORDER BY waiting_for
"""


def stuck_runs(connection: sa.Connection) -> Sequence[sa.Row[Any]]:
    """Of the ten thousand runs that have been due for longest, above 30 seconds: how many wait for an actor, a queue or
    a worker, as things are now, for how many `seconds`, and the actor and the queue of the oldest."""
    return connection.exec_driver_sql(_STUCK).all()


_SET_ASIDE = """
SELECT count(*) AS schedules, min(name) AS name
FROM (SELECT name FROM schedules WHERE error IS NOT NULL ORDER BY name LIMIT 1000) s HAVING count(*) > 0
"""
_HELD_BACK = """
SELECT count(*) AS schedules, min(held_back) AS reason
FROM (SELECT held_back FROM schedules WHERE held_back IS NOT NULL ORDER BY name LIMIT 1000) s HAVING count(*) > 0
"""
_REFUSED = f"SELECT a.name FROM actors a WHERE a.declaration_error IS NOT NULL AND {ANNOUNCED} ORDER BY 1 LIMIT 100"
_SILENT = f"""
SELECT w.id, w.host, extract(epoch FROM now() - w.last_seen_at)::int AS seconds
FROM workers w WHERE {LIVE} AND w.last_seen_at < now() - interval '{SILENT_SECONDS} s' ORDER BY w.id LIMIT 100
"""

_STUCK_THREADS = f"""
SELECT w.id, w.host, w.stuck_threads, w.threads
FROM workers w WHERE {LIVE} AND w.stuck_threads > 0 ORDER BY w.id LIMIT 100
"""


def schedules_set_aside(connection: sa.Connection) -> sa.Row[Any] | None:
    """How many `schedules` can't be planned, up to a thousand, and the first one's `name`; None where there is none."""
    return connection.exec_driver_sql(_SET_ASIDE).one_or_none()


def schedules_held_back(connection: sa.Connection) -> sa.Row[Any] | None:
    """How many `schedules` are not planned as too much waits, up to a thousand, and a `reason`; None for none."""
    return connection.exec_driver_sql(_HELD_BACK).one_or_none()


def refused_declarations(connection: sa.Connection) -> Sequence[str]:
    """Actors whose schedules are not in force as their code declares them."""
    return connection.exec_driver_sql(_REFUSED).scalars().all()


def silent_workers(connection: sa.Connection) -> Sequence[sa.Row[Any]]:
    """Workers that count as live and have not reported for a while: `id`, `host`, `seconds`."""
    return connection.exec_driver_sql(_SILENT).all()


def stuck_workers(connection: sa.Connection) -> Sequence[sa.Row[Any]]:
    """Workers of whose `threads` some do not come back from an interrupt: `id`, `host`, `stuck_threads`."""
    return connection.exec_driver_sql(_STUCK_THREADS).all()


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
    (SELECT bool_or(reaches_broker) FROM schedulers
     WHERE ticked_at > now() - interval '{STUCK_SECONDS} s') AS broker,
    current_setting('transaction_read_only')::boolean AS read_only
"""


def read_health(connection: sa.Connection) -> sa.Row[Any]:
    """`last_tick_age_seconds`, `oldest_due_run_seconds` and `oldest_due_schedule_seconds` (None for none), `plans`
    (whether slots are planned), `workers` live, `broker` (whether scheduling can publish, None where it does not say),
    `read_only`."""
    return connection.exec_driver_sql(_HEALTH).one()
