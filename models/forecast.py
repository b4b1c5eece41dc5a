"""SQL of the time around now: which schedules are due next, what ran of some, and how long their runs take."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa

from models.schedules import StoredSchedule, conditions_of
from models.words.ids import first_id_at
from models.words.roles import Scope
from models.words.states import State

EACH = 400
"""Of a schedule so many runs are looked at, the newest."""

FEW = 3
"""So many runs of a cell are told apart; of more there is their number."""

LONGEST = timedelta(days=3)
"""Runs of slots that were so long before are not looked for."""

LAST = 50
"""How long runs take is said by those of the last so many that succeeded."""


class Ran(NamedTuple):
    """A run; or several of a schedule that began in one cell of time, `runs` of them, with how many were in each state.

    `seen` are the runs of the schedule that were looked at, from `oldest` on.
    """

    schedule_id: UUID
    runs: int
    slots: int
    id: UUID
    began: datetime
    ended: datetime | None
    oldest: datetime
    seen: int
    states: dict[str, int]


_LEFT_OUT = ("args", "actor_announced", "actor_options", "actor_parameters")
"""What may be large, and says nothing of when a schedule is due."""

_DUE = ", ".join(f"s.{name}" for name in StoredSchedule.model_fields if name not in _LEFT_OUT)


def schedules_due_until(
    connection: sa.Connection, until: datetime, limit: int, *, only: Scope | None = None, **filters: Any
) -> list[StoredSchedule]:
    """Schedules that are due by an instant, or whose pause ends by then, those that are due first; filters as for
    `list_schedules`, and `queue`. They are without their arguments, and what workers have said of their actors."""
    where, given = conditions_of(None, only, filters | {"due_until": until})
    statement = f"""
SELECT {_DUE} FROM schedules s LEFT JOIN actors a ON a.name = s.actor {where}
ORDER BY s.next_due_at, s.name LIMIT %(limit)s"""
    rows = connection.exec_driver_sql(statement, {**given, "limit": limit})
    columns = list(rows.keys())  # asked of each row, they would take longer than the row
    return [StoredSchedule.model_construct(**dict(zip(columns, row, strict=True))) for row in rows]


# Ranges, not equalities, and orders by both, as for the last run of each schedule: one may have nearly all runs.
_COUNTS = ", ".join(f"'{state.value}', count(*) FILTER (WHERE state = '{state.value}')" for state in State)
_RAN = f"""
WITH recent AS (
    SELECT s.id AS schedule_id, r.id, r.state, r.slots,
        CASE WHEN r.state = 'skipped' THEN r.slot_at ELSE coalesce(r.started_at, r.due_at) END AS began,
        CASE WHEN r.state = 'skipped' THEN coalesce(r.slot_until, r.slot_at) ELSE r.finished_at END AS ended
    FROM unnest(%(schedules)s::uuid[]) AS s (id) CROSS JOIN LATERAL (
        SELECT id, state, slots, slot_at, slot_until, due_at, started_at, finished_at FROM runs
        WHERE (schedule_id, id) >= (s.id, %(after)s::uuid) AND (schedule_id, id) < (s.id, %(before)s::uuid)
            AND id >= %(after)s AND id < %(before)s
        ORDER BY schedule_id DESC, id DESC LIMIT {EACH}
    ) r
), placed AS (
    SELECT *, floor(extract(epoch FROM began - %(since)s) / %(cell)s) AS cell,
        min(began) OVER (PARTITION BY schedule_id) AS oldest, count(*) OVER (PARTITION BY schedule_id) AS seen
    FROM recent
), counted AS (
    SELECT *, CASE WHEN count(*) OVER (PARTITION BY schedule_id, cell) <= {FEW} THEN id END AS alone
    FROM placed WHERE began < %(until)s AND (ended IS NULL OR ended >= %(since)s)
)
SELECT schedule_id, count(*) AS runs, sum(slots)::bigint AS slots, (array_agg(id))[1] AS id, min(began) AS began,
    CASE WHEN bool_and(ended IS NOT NULL) THEN max(ended) END AS ended, min(oldest) AS oldest, max(seen) AS seen,
    jsonb_build_object({_COUNTS}) AS states
FROM counted GROUP BY schedule_id, cell, alone ORDER BY schedule_id, began
"""


def what_ran(
    connection: sa.Connection, schedules: Sequence[UUID], since: datetime, until: datetime, cell: timedelta
) -> list[Ran]:
    """Of each schedule what ran, waits or was skipped between two instants, as far as its newest runs before the second
    one tell; more than three that began within one cell are one."""
    given = {
        "schedules": list(schedules),
        "after": first_id_at(since - LONGEST),
        "before": first_id_at(until),
        "since": since,
        "until": until,
        "cell": cell.total_seconds(),
    }
    rows = connection.exec_driver_sql(_RAN, given)
    return [Ran(*row) for row in rows]


_MEDIANS = f"""
SELECT s.id, r.seconds FROM unnest(%(schedules)s::uuid[]) AS s (id) CROSS JOIN LATERAL (
    SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM finished_at - started_at)) AS seconds
    FROM (
        SELECT state, started_at, finished_at FROM runs
        WHERE (schedule_id, id) >= (s.id, '{UUID(int=0)}') AND (schedule_id, id) <= (s.id, '{UUID(int=2**128 - 1)}')
        ORDER BY schedule_id DESC, id DESC LIMIT {LAST}
    ) last WHERE state = 'succeeded'
) r WHERE r.seconds IS NOT NULL
"""


def median_durations(connection: sa.Connection, schedules: Sequence[UUID]) -> dict[UUID, timedelta]:
    """How long the last runs of each schedule took, where some have succeeded."""
    rows = connection.exec_driver_sql(_MEDIANS, {"schedules": list(schedules)})
    return {row.id: timedelta(seconds=float(row.seconds)) for row in rows}
