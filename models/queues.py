"""SQL of queues as people see them: list, get, pause, resume."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from models.lifecycle.holds import HOLD
from models.sql.spelling import quoted
from models.words.states import PUBLISHABLE_STATES

COUNTED = 100_000
"""So many waiting runs are counted at most, and as many queued ones: a backlog must not make a list slow."""

_LIVE = f"""
waiting AS (
    SELECT queue, count(*) FILTER (WHERE due_at <= now()) AS planned
    FROM (SELECT queue, due_at FROM runs WHERE state IN ({quoted(PUBLISHABLE_STATES)})
          ORDER BY due_at LIMIT {COUNTED}) r
    GROUP BY queue
), queued AS (
    SELECT queue, count(*) AS queued FROM (SELECT queue FROM runs WHERE state = 'queued' LIMIT {COUNTED}) r
    GROUP BY queue
), running AS (
    SELECT queue, count(*) AS running FROM runs WHERE state = 'running' GROUP BY queue
)"""

_COLUMNS = """
SELECT k.name, p.name IS NOT NULL AS paused, p.paused_at, p.pause_reason, p.paused_by,
    coalesce(w.planned, 0) AS planned, coalesce(q.queued, 0) AS queued, coalesce(r.running, 0) AS running
FROM known k
LEFT JOIN queues p ON p.name = k.name
LEFT JOIN waiting w ON w.queue = k.name
LEFT JOIN queued q ON q.queue = k.name
LEFT JOIN running r ON r.queue = k.name
"""

_LIST = f"""
WITH {_LIVE}, known AS (
    SELECT queue AS name FROM actors UNION SELECT name FROM queues WHERE name <> '{HOLD}'
    UNION SELECT queue FROM waiting UNION SELECT queue FROM queued UNION SELECT queue FROM running
)
{_COLUMNS} WHERE k.name > %(after)s ORDER BY k.name LIMIT %(limit)s
"""


def list_queues(connection: sa.Connection, limit: int, after: str | None = None) -> Sequence[sa.Row[Any]]:
    """Queues of announced actors, of live runs and of pauses by name, each with its pause and its counts.

    `planned` runs are due and wait to be published, be it again.
    """
    return connection.exec_driver_sql(_LIST, {"after": after or "", "limit": limit}).all()


_GET = f"WITH {_LIVE}, known AS (SELECT %(name)s::text AS name) {_COLUMNS}"


def get_queue(connection: sa.Connection, name: str) -> sa.Row[Any]:
    """A queue as `list_queues` gives it, whether it is known or not."""
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
