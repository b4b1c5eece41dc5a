"""SQL of the ledger: what became of slots, and what stood in the way of a run."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from models.words.ids import first_id_at

OUTCOMES = 60
"""Of each schedule in a list so many are looked at."""

RECENT = 100
"""Of one schedule so many."""

# Rows of one schedule never share a slot, so of those that begin before `since` only the last can reach beyond it.
_SLOTS = """
WITH inside AS (
    SELECT * FROM runs
    WHERE schedule_id = %(schedule)s AND trigger = 'schedule' AND id >= %(first)s AND id < %(end)s
      AND slot_at <= %(until)s AND coalesce(slot_until, slot_at) >= %(since)s
    ORDER BY id DESC LIMIT %(limit)s
), reaching_in AS (
    SELECT * FROM runs
    WHERE schedule_id = %(schedule)s AND trigger = 'schedule' AND id < least(%(first)s::uuid, %(end)s::uuid)
    ORDER BY id DESC LIMIT 1
)
SELECT id, schedule_version, slot_at, slot_until, slots, state, reason, due_at, started_at, finished_at, waiting_for,
    attempts
FROM (SELECT * FROM inside UNION ALL SELECT * FROM reaching_in) r
WHERE slot_at <= %(until)s AND coalesce(slot_until, slot_at) >= %(since)s
ORDER BY id DESC LIMIT %(limit)s
"""


def list_slots(
    connection: sa.Connection, schedule: UUID, since: datetime, until: datetime, limit: int, before: UUID | None = None
) -> Sequence[sa.Row[Any]]:
    """The rows of a schedule's slots in [since, until], newest first, with ids below `before`.

    A row may stand for a range of skipped slots: it counts if any part of the range lies there.
    """
    end = _end_id(until)
    parameters = {
        "schedule": schedule,
        "since": since,
        "until": until,
        "first": first_id_at(since),
        "end": end if before is None else min(end, before),
        "limit": limit,
    }
    return connection.exec_driver_sql(_SLOTS, parameters).all()


_RECENT = """
SELECT id, slot_at, state, planned_at, started_at, finished_at FROM runs
WHERE schedule_id = %(schedule)s AND id < %(end)s ORDER BY id DESC LIMIT 1000
"""

# A skip ends when it is planned, so it is never among them.
_ACTIVE_AT = f"""
WITH recent AS ({_RECENT})
SELECT * FROM recent
WHERE id <> %(run)s AND planned_at <= %(at)s AND (finished_at IS NULL OR finished_at > %(at)s)
ORDER BY started_at <= %(at)s DESC NULLS LAST, id DESC LIMIT 1
"""


def find_active_run(connection: sa.Connection, schedule: UUID, run: UUID, at: datetime) -> sa.Row[Any] | None:
    """A run of the schedule other than `run` that was active at an instant, one that had started if there is any.

    Looks at the thousand newest runs of that time, so that a long history costs nothing.
    """
    parameters = {"schedule": schedule, "run": run, "at": at, "end": _end_id(at)}
    return connection.exec_driver_sql(_ACTIVE_AT, parameters).one_or_none()


_PLANNED_AT = f"""
WITH recent AS ({_RECENT})
SELECT * FROM recent
WHERE id <> %(run)s AND planned_at = %(at)s AND state <> 'skipped' ORDER BY id DESC LIMIT 1
"""


def find_run_planned_at(connection: sa.Connection, schedule: UUID, run: UUID, at: datetime) -> sa.Row[Any] | None:
    """A run of the schedule other than `run` that was planned at exactly this instant: in the same transaction."""
    parameters = {"schedule": schedule, "run": run, "at": at, "end": _end_id(at)}
    return connection.exec_driver_sql(_PLANNED_AT, parameters).one_or_none()


_GAPS = """
SELECT started_at, ended_at FROM scheduling_gaps
WHERE started_at < %(until)s AND ended_at > %(since)s
ORDER BY started_at DESC LIMIT 20
"""


def list_gaps(connection: sa.Connection, since: datetime, until: datetime) -> Sequence[sa.Row[Any]]:
    """The times without any scheduling round that overlap [since, until], newest first, 20 at most."""
    return connection.exec_driver_sql(_GAPS, {"since": since, "until": until}).all()


_LAST_TICK = "SELECT max(ticked_at) FROM schedulers"


def read_last_tick(connection: sa.Connection) -> datetime | None:
    """When a scheduling process last did its round; None if none ever did."""
    ticked_at: datetime | None = connection.exec_driver_sql(_LAST_TICK).scalar_one()
    return ticked_at


# A range, not an equality, and an order by both, so that the index of a schedule's runs is used for each whatever the
# planner makes of their number (as for the last run of each).
_NEWEST = f"""
FROM unnest(%(schedules)s::uuid[]) AS wanted(id)
CROSS JOIN LATERAL (
    SELECT * FROM runs
    WHERE (schedule_id, id) >= (wanted.id, '{UUID(int=0)}')
      AND (schedule_id, id) <= (wanted.id, '{UUID(int=2**128 - 1)}')
    ORDER BY schedule_id DESC, id DESC LIMIT %(limit)s
) r
"""

# As one text for each schedule: who shows very many of them takes most as they were before, without looking inside.
_OUTCOMES = f"""
SELECT wanted.id AS schedule_id, json_agg(json_build_array(r.state, r.reason, r.due_at,
    extract(epoch FROM r.finished_at - r.started_at)) ORDER BY r.id)::text AS outcomes
{_NEWEST} GROUP BY wanted.id
"""


def newest_outcomes(connection: sa.Connection, schedules: Sequence[UUID]) -> dict[UUID, str]:
    """For each schedule that has any, its newest runs and skipped slots, oldest first: a JSON list of state, reason,
    instant and seconds of each."""
    rows = connection.exec_driver_sql(_OUTCOMES, {"schedules": list(schedules), "limit": OUTCOMES})
    return {row.schedule_id: row.outcomes for row in rows}


_RECENT = f"""
SELECT r.id, r.state, r.reason, r.trigger, r.slot_at, r.slot_until, r.slots, r.due_at, r.started_at, r.finished_at,
    r.attempt, r.error_type, r.created_by, r.waiting_for,
    ARRAY(SELECT each - 'error' FROM jsonb_array_elements(r.attempts) each) AS attempts
{_NEWEST} ORDER BY r.id DESC
"""


def recent_runs(connection: sa.Connection, schedule: UUID) -> Sequence[sa.Row[Any]]:
    """The newest runs and skipped slots of a schedule, newest first."""
    return connection.exec_driver_sql(_RECENT, {"schedules": [schedule], "limit": RECENT}).all()


def _end_id(instant: datetime) -> UUID:
    """The smallest id after that millisecond."""
    return UUID(int=first_id_at(instant).int + (1 << 80))
