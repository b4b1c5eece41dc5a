"""SQL of publish: take due runs for the broker, and put vanished messages back in line."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa

from models.events.telling import telling
from models.lifecycle.holds import (
    BLOCKED,
    IS_HELD,
    PUBLISH_LEASE,
    PUBLISH_LEASE_SECONDS,
    WAITING_QUEUES,
    has_worker,
    is_paused,
)
from models.sql.liveness import ANNOUNCED, LIVE
from models.sql.spelling import quoted, state_in
from models.words.states import PUBLISHABLE_STATES, State


class LeasedRun(NamedTuple):
    """A run that is leased for publishing: what its message needs, and what orders it."""

    id: UUID
    actor: str
    queue: str
    attempt: int
    priority: int
    due_at: datetime
    trace: str | None = None


_LEASED = ", ".join(f"r.{column}" for column in LeasedRun._fields)

# Queue by queue, so that a long line in one does not stand before the others; the recursion hops from one to the next.
# A run is queued from when it is taken; its lease says that it is still on its way to the broker. The release before
# leased a run first, and marked it queued once it was confirmed: what it has on its way is left to it.
_TAKE = f"""
WITH RECURSIVE {WAITING_QUEUES}, room AS (
    SELECT w.queue, greatest(0, %(window)s - (
        SELECT count(*) FROM runs q WHERE q.state = 'queued' AND q.queue = w.queue)) AS messages
    FROM waiting w WHERE w.queue IS NOT NULL AND NOT {is_paused("w.queue")}
), candidate AS (
    SELECT c.id FROM room CROSS JOIN LATERAL (
        SELECT r.id, r.priority, r.due_at FROM runs r
        WHERE r.state IN ({quoted(PUBLISHABLE_STATES)}) AND r.queue = room.queue AND r.due_at <= now()
          AND (r.lease_until IS NULL OR r.lease_until < now()) AND {has_worker("r.actor", "r.queue")} AND NOT {BLOCKED}
        ORDER BY r.priority DESC, r.due_at
        LIMIT room.messages
    ) c
    ORDER BY c.priority DESC, c.due_at
    LIMIT %(limit)s
), taken AS (
    SELECT r.id FROM runs r
    WHERE r.id = ANY(ARRAY(SELECT id FROM candidate)) AND {state_in("r", PUBLISHABLE_STATES)}
      AND (r.lease_until IS NULL OR r.lease_until < now())
    FOR UPDATE SKIP LOCKED
), queued AS (
    UPDATE runs r SET state = 'queued', queued_at = now(), lease_until = now() + {PUBLISH_LEASE}
    WHERE r.id = ANY(ARRAY(SELECT id FROM taken))
    RETURNING {_LEASED}
), told AS (
    {telling("queued", State.QUEUED)}
)
SELECT * FROM queued
"""


def take_publishable_runs(connection: sa.Connection, limit: int, window: int) -> list[LeasedRun]:
    """Queue up to `limit` due runs, leased to the caller who publishes them.

    Left out: runs whose actor no live worker of their queue knows, queues with `window` messages in the broker already,
    and runs that wait for another run of their schedule to end.
    """
    rows = connection.exec_driver_sql(_TAKE, {"limit": limit, "window": window}).all()
    return in_order(LeasedRun(*row) for row in rows)


def in_order(runs: Iterable[LeasedRun]) -> list[LeasedRun]:
    """Runs in the order in which they are published: by priority, then due time."""
    return sorted(runs, key=lambda run: (-run.priority, run.due_at))


# A release before can't show a run with a new word. While one of its workers is live, so may its API be.
NO_WORKER = f"CASE WHEN EXISTS (SELECT FROM workers w WHERE {LIVE} AND w.actors IS NULL) THEN 'actor' ELSE 'worker' END"
A_HOLD = f"CASE WHEN EXISTS (SELECT FROM workers w WHERE {LIVE} AND w.parent_pid IS NULL) THEN 'queue' ELSE 'hold' END"
_MARK_WAITING = f"""
WITH waiting AS (
    SELECT r.id, r.due_at, CASE
        WHEN NOT EXISTS (SELECT FROM actors a WHERE a.name = r.actor AND {ANNOUNCED}) THEN 'actor'
        WHEN NOT {has_worker("r.actor", "r.queue")} THEN {NO_WORKER}
        WHEN {IS_HELD} THEN {A_HOLD}
        WHEN r.queue IN (SELECT name FROM queues) THEN 'queue'
        WHEN {BLOCKED} THEN 'overlap'
        ELSE 'window' END AS waiting_for
    FROM runs r
    WHERE r.state IN ({quoted(PUBLISHABLE_STATES)}) AND r.due_at >= coalesce(%(since)s::timestamptz, '-infinity')
      AND r.due_at < now() - make_interval(secs => %(after)s)
      AND (r.lease_until IS NULL OR r.lease_until < now()) AND r.waiting_for IS NULL
    ORDER BY r.due_at LIMIT %(limit)s
    FOR UPDATE OF r SKIP LOCKED
), marked AS (
    UPDATE runs r SET waiting_for = waiting.waiting_for FROM waiting WHERE r.id = waiting.id RETURNING waiting.due_at
)
SELECT CASE WHEN count(*) < %(limit)s THEN now() - make_interval(secs => %(after)s) - 2 * {PUBLISH_LEASE}
    ELSE max(due_at) END FROM marked
"""


def mark_waiting_runs(
    connection: sa.Connection, after_seconds: float, limit: int, since: datetime | None = None
) -> datetime:
    """Note on runs that have been due for `after_seconds` and are not published what they wait for.

    Looks at those that were due `since` an instant, in the order in which they were due; returns since when to look the
    next time. Those that a publisher held are looked at again once their lease has ended.
    """
    parameters = {"after": after_seconds, "limit": limit, "since": since}
    looked_until: datetime = connection.exec_driver_sql(_MARK_WAITING, parameters).scalar_one()
    return looked_until


_RESOLVE_QUEUES = f"""
WITH astray AS (
    SELECT r.id, a.queue FROM runs r JOIN actors a ON a.name = r.actor JOIN schedules s ON s.id = r.schedule_id
    WHERE r.state IN ({quoted(PUBLISHABLE_STATES)}) AND r.waiting_for = 'actor' AND {ANNOUNCED}
      AND s.queue IS NULL AND r.queue <> a.queue
    LIMIT %(limit)s FOR UPDATE OF r SKIP LOCKED
)
UPDATE runs r SET queue = astray.queue FROM astray WHERE r.id = astray.id
"""


def resolve_queues(connection: sa.Connection, limit: int) -> int:
    """Move runs that were planned while nobody knew their actor, and have no queue of their own, to its queue; how
    many."""
    return connection.exec_driver_sql(_RESOLVE_QUEUES, {"limit": limit}).rowcount


# Without `queued_at` when its queue was paused meanwhile. While it is, workers drop messages, and none is missed.
_OLD = "lease_until IS NULL AND (queued_at IS NULL OR queued_at < now() - make_interval(secs => %(after)s))"
# No lease is longer, but by a clock that was ahead.
_UNPUBLISHED = f"(lease_until < now() OR lease_until > now() + 2 * {PUBLISH_LEASE})"
# By what an index has: a lease that has run out was taken that long ago. The rows are looked at when they are taken.
_STALE_QUEUES = f"""
SELECT DISTINCT queue FROM runs
WHERE state = 'queued' AND NOT {is_paused("queue")}
  AND (queued_at IS NULL OR queued_at > now() + {PUBLISH_LEASE}
       OR queued_at < now() - make_interval(secs => least(%(after)s, {PUBLISH_LEASE_SECONDS})))
"""


def queues_with_stale_runs(connection: sa.Connection, after_seconds: float) -> list[str]:
    """Queues with a run that has been queued for longer than `after_seconds` or a publisher's lease, or from before a
    pause that is over."""
    return list(connection.exec_driver_sql(_STALE_QUEUES, {"after": after_seconds}).scalars())


OVERTAKEN_SECONDS = 30
"""Queues are first in, first out: a message is gone if a run that was queued so much later has been claimed."""

# Runs of plain messages count from their claim: nobody knows when those were queued.
_TAKE_STALE = f"""
WITH newest AS MATERIALIZED (
    SELECT max(queued_at) AS queued_at FROM runs
    WHERE state = 'running' AND queue = %(queue)s AND trigger <> 'message'
), stale AS (
    SELECT id FROM runs
    WHERE state = 'queued' AND queue = %(queue)s AND ({_UNPUBLISHED} OR ({_OLD}
      AND (%(is_empty)s OR queued_at IS NULL OR queued_at
           < (SELECT queued_at FROM newest) - make_interval(secs => {OVERTAKEN_SECONDS}))))
    ORDER BY queued_at NULLS FIRST LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
UPDATE runs r SET queued_at = now(), lease_until = now() + {PUBLISH_LEASE}
FROM stale WHERE r.id = stale.id
RETURNING {_LEASED}
"""


def take_vanished_runs(
    connection: sa.Connection, queue: str, after_seconds: float, limit: int, *, is_empty: bool
) -> list[LeasedRun]:
    """Lease queued runs of a queue whose messages are gone, or whose publisher has died, to publish them again.

    If the queue is empty, that is all that have been queued for longer than `after_seconds`; else those that later ones
    have overtaken, and those from before a pause.
    """
    parameters = {"queue": queue, "after": after_seconds, "limit": limit, "is_empty": is_empty}
    rows = connection.exec_driver_sql(_TAKE_STALE, parameters)
    return in_order(LeasedRun(*row) for row in rows)


class NextDue(NamedTuple):
    """When planning and publishing have something to do."""

    seconds: float | None
    """Until a schedule or a run is due, negative if one is; None with nothing to come."""
    is_overdue: bool
    """Whether a schedule has been due for longer, and is not planned."""


_NEXT_DUE = f"""
SELECT extract(epoch FROM least(
    (SELECT min(next_due_at) FROM schedules
     WHERE next_due_at > coalesce(%(since)s::timestamptz, now()) AND error IS NULL),
    (SELECT min(due_at) FROM runs
     WHERE state IN ({quoted(PUBLISHABLE_STATES)}) AND due_at > coalesce(%(since)s::timestamptz, now()))
) - clock_timestamp())::float,
EXISTS (SELECT FROM schedules WHERE next_due_at <= coalesce(%(since)s::timestamptz, now()) AND error IS NULL)
"""


def find_next_due(connection: sa.Connection, since: datetime | None = None) -> NextDue:
    """What is due next. What was due by `since`, or now, is left out: it waits for something else than the time, a
    schedule for whoever has locked it."""
    return NextDue(*connection.exec_driver_sql(_NEXT_DUE, {"since": since}).one())
