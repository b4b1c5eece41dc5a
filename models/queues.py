"""SQL of queues as people see them: list, get, pause, resume."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from models.lifecycle.holds import BLOCKED, HOLD, WAITING_QUEUES, has_worker, queues_with
from models.sql.liveness import ANNOUNCED, LIVE
from models.sql.spelling import quoted
from models.words.states import PUBLISHABLE_STATES, State

COUNTED = 10_000
"""So many waiting runs of a queue are counted at most, and as many queued ones: a backlog must not make a list slow."""

TICK_SECONDS = 10
"""Scheduling that has done no round for so long is what runs wait for."""

_PUBLISHABLE = f"state IN ({quoted(PUBLISHABLE_STATES)})"

# Of one priority after the other, each by the index. A range, not an equality, and what is due is told apart after
# that: for a priority that no run has, the planner would look through all that is due, by the index of that. The head
# is what waits in its row and has been due for longest; where nothing does, what has been in the broker for longest.
_OF_A_PRIORITY = f"""FROM runs
            WHERE {_PUBLISHABLE} AND queue = waiting.queue
                AND priority >= level.priority AND priority <= level.priority
            ORDER BY priority DESC, due_at LIMIT"""
_ON_THEIR_WAY = f"""
LEFT JOIN LATERAL (
    SELECT count(*)::int AS planned FROM (
        SELECT FROM waiting CROSS JOIN generate_series(0, 9) AS level(priority) CROSS JOIN LATERAL (
            SELECT due_at {_OF_A_PRIORITY} {{counted}}) one
        WHERE waiting.queue = k.name AND one.due_at <= now() LIMIT {{counted}}) few
) w ON true
LEFT JOIN LATERAL (
    SELECT count(*)::int AS queued FROM (
        SELECT FROM runs WHERE state = 'queued' AND queue = k.name LIMIT {{counted}}) one
) q ON true
LEFT JOIN LATERAL (
    SELECT heads.*, min(due_at) OVER () AS oldest_due_at FROM (
        (SELECT first.* FROM waiting CROSS JOIN generate_series(0, 9) AS level(priority) CROSS JOIN LATERAL (
            SELECT * {_OF_A_PRIORITY} 1) first
         WHERE waiting.queue = k.name AND first.due_at <= now() ORDER BY first.due_at LIMIT 1)
        UNION ALL
        (SELECT * FROM runs WHERE state = 'queued' AND queue = k.name ORDER BY queued_at LIMIT 1)) heads
    ORDER BY state = 'queued' LIMIT 1
) r ON true"""

# What people have decided comes first, then what nobody serves.
_HINDRANCE = f"""CASE
    WHEN r.id IS NULL THEN NULL
    WHEN h.name IS NOT NULL THEN 'hold'
    WHEN p.name IS NOT NULL THEN 'queue'
    WHEN NOT EXISTS (SELECT FROM actors a WHERE a.name = r.actor AND {ANNOUNCED}) THEN 'actor'
    WHEN NOT {has_worker("r.actor", "r.queue")} THEN 'worker'
    WHEN r.state = 'queued' THEN CASE WHEN c.busy >= c.threads THEN 'busy' END
    WHEN coalesce(t.ticked_at, '-infinity') < now() - interval '{TICK_SECONDS} s' THEN 'scheduling'
    WHEN {BLOCKED} THEN 'overlap'
    WHEN r.waiting_for = 'window' OR (q.queued > 0 AND r.due_at < now() - interval '5 s') THEN 'window' END"""


def _select(names: str, counted: int = COUNTED) -> str:
    """The queues of these names, which are the table `known`; of each so many runs are counted, waiting and queued."""
    return f"""
WITH RECURSIVE {WAITING_QUEUES}, {queues_with("sent", (State.QUEUED,))}, busy AS (
    SELECT queue, worker_id, count(*)::int AS runs FROM runs WHERE state = 'running' GROUP BY queue, worker_id
), consumers AS (
    SELECT c.queue, sum(w.threads)::int AS threads, sum(least(w.threads, held.runs))::int AS busy
    FROM workers w CROSS JOIN LATERAL jsonb_array_elements_text(w.queues) AS c(queue)
    CROSS JOIN LATERAL (SELECT coalesce(sum(runs), 0) AS runs FROM busy WHERE worker_id = w.id) held
    WHERE {LIVE} AND w.drain_requested_at IS NULL GROUP BY c.queue
), known AS ({names})
SELECT k.name, p.name IS NOT NULL AS paused, p.paused_at, p.pause_reason, p.paused_by,
    w.planned, q.queued, coalesce(b.running, 0)::int AS running,
    coalesce(c.threads, 0) AS threads, coalesce(c.busy, 0) AS busy, {_HINDRANCE} AS waiting_for,
    extract(epoch FROM now() - r.oldest_due_at)::float AS oldest_waiting_seconds, r.oldest_due_at,
    r.actor, r.schedule_name, d.letters AS dead_letters, d.latest AS latest_dead_letters,
    h.paused_by AS held_by, h.pause_reason AS hold_reason, h.paused_until AS held_until,
    extract(epoch FROM clock_timestamp() - t.ticked_at)::float AS tick_age_seconds, t.ticked_at
FROM known k
LEFT JOIN queues p ON p.name = k.name
LEFT JOIN queues h ON h.name = '{HOLD}'
LEFT JOIN consumers c ON c.queue = k.name
LEFT JOIN dead_letters d ON d.queue = k.name
LEFT JOIN LATERAL (SELECT sum(runs) AS running FROM busy WHERE queue = k.name) b ON true
CROSS JOIN (SELECT max(ticked_at) AS ticked_at FROM schedulers) t
{_ON_THEIR_WAY.format(counted=counted)}
ORDER BY k.name
"""


# Bitmaps and sorts are made of all rows that there are, however few are looked at then. What a plan costs is no guess
# of how long it takes any more, so it is not compiled.
_ALONG_INDEXES = """
SELECT set_config('enable_bitmapscan', 'off', true), set_config('enable_sort', 'off', true),
    set_config('enable_seqscan', 'off', true), set_config('jit', 'off', true)
"""

_NAMES = f"""SELECT name FROM (
    SELECT queue AS name FROM actors UNION SELECT name FROM queues WHERE name <> '{HOLD}'
    UNION SELECT queue FROM waiting UNION SELECT queue FROM sent UNION SELECT queue FROM busy
    UNION SELECT queue FROM dead_letters WHERE letters > 0) found
    WHERE name > %(after)s ORDER BY name LIMIT %(limit)s"""


def list_queues(
    connection: sa.Connection, limit: int, after: str | None = None, counted: int = COUNTED
) -> Sequence[sa.Row[Any]]:
    """Queues of announced actors, of live runs, of pauses and of dead letters by name, each with its pause and its
    counts.

    `planned` runs are due and wait to be published, be it again. `waiting_for` is what the first of them waits for, or,
    where there is none, the first of those in the broker; `actor` and `schedule_name` are its. `dead_letters` is null
    where nobody has counted them.
    """
    connection.exec_driver_sql(_ALONG_INDEXES)
    return connection.exec_driver_sql(_select(_NAMES, counted), {"after": after or "", "limit": limit}).all()


_COUNT = f"""
WITH RECURSIVE {WAITING_QUEUES}, {queues_with("sent", (State.QUEUED,))}, busy AS (
    SELECT DISTINCT queue FROM runs WHERE state = 'running'
)
SELECT count(*) FROM ({_NAMES}) k
"""


def count_queues(connection: sa.Connection, limit: int, after: str | None = None) -> int:
    """How many queues `list_queues` gives."""
    return int(connection.exec_driver_sql(_COUNT, {"after": after or "", "limit": limit}).scalar_one())


_GET = _select("SELECT %(name)s::text AS name")


def get_queue(connection: sa.Connection, name: str) -> sa.Row[Any]:
    """A queue as `list_queues` gives it, whether it is known or not."""
    connection.exec_driver_sql(_ALONG_INDEXES)
    return connection.exec_driver_sql(_GET, {"name": name}).one()


_PAUSED = "SELECT * FROM queues WHERE name = %(name)s"


def get_queue_pause(connection: sa.Connection, name: str) -> sa.Row[Any] | None:
    """The pause of a queue: `name`, `paused_at`, `pause_reason`, `paused_by`; None while it is not paused."""
    return connection.exec_driver_sql(_PAUSED, {"name": name}).one_or_none()


_PAUSE = """
INSERT INTO queues (name, paused_at, pause_reason, paused_by) VALUES (%(name)s, now(), %(reason)s, %(by)s)
ON CONFLICT (name) DO UPDATE SET pause_reason = excluded.pause_reason, paused_by = excluded.paused_by
"""


def pause_queue(connection: sa.Connection, name: str, reason: str | None, by: str) -> None:
    """Start nothing more from a queue, or change the reason of a pause."""
    connection.exec_driver_sql(_PAUSE, {"name": name, "reason": reason, "by": by})


# Workers drop the messages of a paused queue: of what was queued then nobody knows whether it still is.
_RESUME = """
WITH resumed AS (DELETE FROM queues WHERE name = %(name)s RETURNING name), unknown AS (
    UPDATE runs SET queued_at = NULL, waiting_for = coalesce(waiting_for, 'queue') WHERE id IN (
        SELECT r.id FROM runs r WHERE r.state = 'queued' AND r.queue = (SELECT name FROM resumed)
        ORDER BY r.id FOR UPDATE SKIP LOCKED)
)
SELECT count(*) FROM resumed
"""


def resume_queue(connection: sa.Connection, name: str) -> bool:
    """End the pause of a queue; whether there was one. What it held as queued is published again at once."""
    return bool(connection.exec_driver_sql(_RESUME, {"name": name}).scalar_one())


_HOLD = """
INSERT INTO queues (name, paused_at, pause_reason, paused_by, paused_until)
VALUES (%(hold)s, now(), %(reason)s, %(by)s, %(until)s)
ON CONFLICT (name) DO UPDATE SET pause_reason = excluded.pause_reason, paused_by = excluded.paused_by,
    paused_until = excluded.paused_until
"""


def hold_all(connection: sa.Connection, reason: str, by: str, until: datetime | None) -> None:
    """Start nothing more from any queue, or change reason and end of a hold."""
    connection.exec_driver_sql(_HOLD, {"hold": HOLD, "reason": reason, "by": by, "until": until})


_RELEASE = f"""
WITH released AS (DELETE FROM queues WHERE name = '{HOLD}' RETURNING name), unknown AS (
    UPDATE runs SET queued_at = NULL, waiting_for = coalesce(waiting_for, 'queue') WHERE id IN (
        SELECT r.id FROM runs r WHERE r.state = 'queued' AND EXISTS (SELECT FROM released)
        ORDER BY r.id FOR UPDATE SKIP LOCKED)
)
SELECT count(*) FROM released
"""


def release_all(connection: sa.Connection) -> bool:
    """End a hold; whether there was one. What was queued is published again at once."""
    return bool(connection.exec_driver_sql(_RELEASE).scalar_one())


_GET_HOLD = f"""
SELECT p.paused_at, p.paused_until, p.pause_reason, p.paused_by,
    (SELECT count(*) FROM runs WHERE state = 'running') AS running
FROM (SELECT) one LEFT JOIN queues p ON p.name = '{HOLD}'
"""


def get_hold(connection: sa.Connection) -> sa.Row[Any]:
    """The hold, all null where there is none, and how many runs are `running`."""
    return connection.exec_driver_sql(_GET_HOLD).one()


_IS_OVER = f"SELECT EXISTS (SELECT FROM queues WHERE name = '{HOLD}' AND paused_until <= now())"


def is_hold_over(connection: sa.Connection) -> bool:
    """Whether there is a hold that has reached its end."""
    return bool(connection.exec_driver_sql(_IS_OVER).scalar_one())
