"""SQL of plan: take due schedules, and move their cursors once their slots are rows."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa

from models.access.audit import noting
from models.sql.rows import MANY, as_array, as_json_alike, recordset, scalars
from models.sql.spelling import quoted, written
from models.words.states import LIVE_STATES


@dataclass(frozen=True)
class Advance:
    """Where schedules stand once their due slots are decided."""

    schedules: Sequence[UUID]
    cursor_at: datetime
    next_due_at: datetime | None
    ran: int
    pause_is_over: bool = False


class DueSchedule(NamedTuple):
    """Of a schedule what decides its slots; the rest goes from row to row without passing through Python."""

    id: UUID
    name: str
    cron: Sequence[str] | None
    every_seconds: float | None
    at: datetime | None
    timezone: str
    starts_at: datetime | None
    ends_at: datetime | None
    max_runs: int | None
    jitter_seconds: float
    overlap: str
    catchup: str
    catchup_window_seconds: float
    start_deadline_seconds: float | None
    paused_at: datetime | None
    paused_until: datetime | None
    cursor_at: datetime
    slots_run: int
    now: datetime
    """The database's clock when it was read, as of `read_clock`."""


_DUE_COLUMNS = ", ".join("cron::text" if name == "cron" else name for name in DueSchedule._fields[:-1])
_DUE_SCHEDULES = f"""
SELECT {_DUE_COLUMNS}, now() FROM schedules
WHERE next_due_at <= now() AND error IS NULL
ORDER BY next_due_at
LIMIT %(limit)s
FOR UPDATE SKIP LOCKED
"""


def take_due_schedules(connection: sa.Connection, limit: int) -> list[DueSchedule]:
    """Up to `limit` schedules whose next slot has come, locked for this transaction; other planners pass them over."""
    rows = connection.exec_driver_sql(_DUE_SCHEDULES, {"limit": limit}).all()
    return [DueSchedule(id_, name, _read_cron(cron), *rest) for id_, name, cron, *rest in rows]


@lru_cache(maxsize=10_000)
def _read_cron(text: str | None) -> Any:
    """Many schedules have the same expressions: they are read once."""
    return None if text is None else json.loads(text)


_IS_ANY_DUE = "SELECT EXISTS (SELECT FROM schedules WHERE next_due_at <= now() AND error IS NULL), now()"


def is_any_due(connection: sa.Connection) -> tuple[bool, datetime]:
    """Whether the next slot of any schedule has come, somebody else's too, by the database's clock, which is told."""
    is_any, now = connection.exec_driver_sql(_IS_ANY_DUE).one()
    return is_any, now


class LiveRuns(NamedTuple):
    """How many runs of a schedule are active: planned and due, queued, running, retrying; and how many not due yet."""

    active: int = 0
    not_due: int = 0


_LIVE = f"""
SELECT schedule_id, count(*) FILTER (WHERE state <> 'planned' OR due_at <= now()),
    count(*) FILTER (WHERE state = 'planned' AND due_at > now())
FROM runs
WHERE schedule_id = ANY(%(schedules)s) AND state IN ({quoted(LIVE_STATES)})
GROUP BY schedule_id
"""


def count_live_runs(connection: sa.Connection, schedules: Sequence[UUID]) -> dict[UUID, LiveRuns]:
    """The live runs of each schedule that has any."""
    rows = connection.exec_driver_sql(_LIVE, {"schedules": schedules})
    return {row[0]: LiveRuns(row[1], row[2]) for row in rows}


_MOVED = {"cursor_at": "timestamptz", "next_due_at": "timestamptz", "ran": "int", "pause_is_over": "boolean"}


def _advance(source: str) -> str:
    return f"""
UPDATE schedules s SET
    cursor_at = greatest(s.cursor_at, v.cursor_at),
    next_due_at = v.next_due_at,
    slots_run = s.slots_run + v.ran,
    consecutive_failures = CASE WHEN v.pause_is_over THEN 0 ELSE s.consecutive_failures END,
    paused_at = CASE WHEN v.pause_is_over THEN NULL ELSE s.paused_at END,
    paused_until = CASE WHEN v.pause_is_over THEN NULL ELSE s.paused_until END,
    pause_reason = CASE WHEN v.pause_is_over THEN NULL ELSE s.pause_reason END,
    paused_by = CASE WHEN v.pause_is_over THEN NULL ELSE s.paused_by END
FROM {source}
"""


_ADVANCE = _advance(f"{recordset({'id': 'uuid', **_MOVED})} WHERE s.id = v.id")
_ADVANCE_ALIKE = _advance(f"{scalars(_MOVED)} WHERE s.id = ANY(%(schedules)s::uuid[])")


_PAUSED = f"""(SELECT name, paused_by, pause_reason, {written("paused_at")} AS since,
        {written("paused_until")} AS until
    FROM schedules WHERE id = ANY(%(schedules)s::uuid[]) AND paused_at IS NOT NULL ORDER BY name) s"""
_NOTE_END = noting(
    "schedule.resume",
    _PAUSED,
    before="jsonb_build_object('paused_by', paused_by, 'reason', pause_reason, 'paused_at', since, 'until', until)",
    reason="'the pause has reached its end'",
)


def advance_schedules(connection: sa.Connection, advances: Sequence[Advance]) -> None:
    """Move cursors forward (never back) and set when each schedule is due next; note which pauses are over."""
    if over := [schedule for each in advances if each.pause_is_over for schedule in each.schedules]:
        connection.exec_driver_sql(_NOTE_END, {"schedules": as_array(over)})
    few = [each for each in advances if len(each.schedules) < MANY]
    for each in advances:
        if len(each.schedules) >= MANY:
            connection.exec_driver_sql(_ADVANCE_ALIKE, vars(each) | {"schedules": as_array(each.schedules)})
    if few:
        groups = (
            ([(id_,) for id_ in each.schedules], {k: v for k, v in vars(each).items() if k != "schedules"})
            for each in few
        )
        connection.exec_driver_sql(_ADVANCE, {"rows": as_json_alike(("id",), groups)})


_POSTPONE = """
UPDATE schedules SET next_due_at = now() + make_interval(secs => %(seconds)s) WHERE id = ANY(%(schedules)s)
"""


def postpone_schedules(connection: sa.Connection, schedules: Collection[UUID], seconds: float) -> None:
    """Look at these again so much later, while others are planned; what is due of them stays due."""
    connection.exec_driver_sql(_POSTPONE, {"schedules": list(schedules), "seconds": seconds})


# An edit may look again at one that is set aside, which changes nothing.
_QUARANTINE = f"""
WITH before AS (
    SELECT id, error FROM schedules WHERE id = %(id)s
), quarantined AS (
    UPDATE schedules s SET error = %(error)s FROM before WHERE s.id = before.id
    RETURNING s.name, before.error IS NULL AS is_new
)
{noting("schedule.quarantine", "quarantined WHERE is_new", reason="%(error)s::text")}
"""


def quarantine_schedule(connection: sa.Connection, schedule: UUID, error: str) -> None:
    """Set a schedule that can't be planned aside, with the reason, until it is edited."""
    connection.exec_driver_sql(_QUARANTINE, {"id": schedule, "error": error})
