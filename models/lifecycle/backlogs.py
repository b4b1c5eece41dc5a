"""SQL of backlogs: while too much waits, of a schedule or in a queue, no more is planned."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from models.lifecycle.holds import WAITING_QUEUES
from models.sql.spelling import quoted
from models.words.states import LIVE_STATES, PUBLISHABLE_STATES

HELD_SECONDS = 30
"""How far ahead the next look at a schedule is put; whoever holds it back looks again well before."""


@dataclass(frozen=True)
class Backlogs:
    """The queues and the schedules of which too much waits."""

    queues: Collection[str]
    schedules: Collection[UUID]


_QUEUES = f"""
WITH RECURSIVE {WAITING_QUEUES}
SELECT w.queue FROM waiting w WHERE w.queue IS NOT NULL AND %(most)s < (
    SELECT count(*) FROM (SELECT FROM runs r WHERE r.state IN ({quoted(PUBLISHABLE_STATES)}) AND r.queue = w.queue
        AND r.due_at <= now() LIMIT %(most)s + 1) few)
"""
_LIVE = f"FROM runs WHERE schedule_id IS NOT NULL AND state IN ({quoted(LIVE_STATES)})"
_ARE_MANY_LIVE = f"SELECT EXISTS (SELECT {_LIVE} OFFSET %(most)s)"
_SCHEDULES = f"SELECT schedule_id {_LIVE} GROUP BY schedule_id HAVING count(*) > %(most)s"


def find_backlogs(connection: sa.Connection, *, of_queue: int, of_schedule: int) -> Backlogs:
    """Queues in which more than `of_queue` due runs wait, and schedules of which more than `of_schedule` wait or run.

    Where there is none, as nearly always, that is known by looking at no more than so many rows.
    """
    queues = connection.exec_driver_sql(_QUEUES, {"most": of_queue}).scalars().all()
    limit = {"most": of_schedule}
    if not connection.exec_driver_sql(_ARE_MANY_LIVE, limit).scalar_one():
        return Backlogs(queues, [])
    return Backlogs(queues, connection.exec_driver_sql(_SCHEDULES, limit).scalars().all())


_OF_QUEUE = "coalesce(s.queue, a.queue, 'default') = ANY(%(queues)s)"
_OF_SCHEDULE = "(s.id = ANY(%(schedules)s::uuid[]) AND s.overlap <> 'cancel_other')"
"""One that cancels what is under way makes its backlog smaller."""

# In its own words: what an index has is looked at, and those that somebody has locked have their turn the next time.
_HOLD = f"""
WITH due AS (
    SELECT s.id, CASE WHEN {_OF_SCHEDULE}
        THEN 'more than ' || %(of_schedule)s || ' runs of it wait or run (scheduling.schedule_backlog)'
        ELSE 'more than ' || %(of_queue)s || ' runs wait in its queue ' || coalesce(s.queue, a.queue, 'default')
            || ' (scheduling.queue_backlog)' END AS held_back
    FROM schedules s LEFT JOIN actors a ON a.name = s.actor
    WHERE s.next_due_at <= now() + make_interval(secs => {HELD_SECONDS / 2}) AND s.error IS NULL AND s.paused_at IS NULL
      AND ({_OF_SCHEDULE} OR {_OF_QUEUE})
    FOR UPDATE OF s SKIP LOCKED
)
UPDATE schedules s SET next_due_at = now() + make_interval(secs => {HELD_SECONDS}), held_back = due.held_back
FROM due WHERE s.id = due.id
"""
_RELEASE = f"""
WITH held AS (
    SELECT s.id FROM schedules s LEFT JOIN actors a ON a.name = s.actor
    WHERE s.held_back IS NOT NULL AND NOT ({_OF_SCHEDULE} OR {_OF_QUEUE})
    FOR UPDATE OF s SKIP LOCKED
)
UPDATE schedules s SET next_due_at = least(s.next_due_at, now()), held_back = NULL FROM held WHERE s.id = held.id
"""


def hold_back(connection: sa.Connection, backlogs: Backlogs, *, of_queue: int, of_schedule: int) -> int:
    """Put off the schedules that would soon add to these backlogs, with the reason on them; how many.

    Their cursors stay: what is due meanwhile is decided by the policy of catch-up, once they are let go.
    """
    given = {"queues": list(backlogs.queues), "schedules": list(backlogs.schedules)}
    limits = {"of_queue": str(of_queue), "of_schedule": str(of_schedule)}
    return connection.exec_driver_sql(_HOLD, given | limits).rowcount


def let_go(connection: sa.Connection, backlogs: Backlogs) -> int:
    """Have planned again, at once, whatever was held back and adds to none of these backlogs; how many schedules."""
    given = {"queues": list(backlogs.queues), "schedules": list(backlogs.schedules)}
    return connection.exec_driver_sql(_RELEASE, given).rowcount
