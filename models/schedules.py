"""SQL of schedules as people define them: get, list, insert, update, delete, pause, resume."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from models.definition import COLUMNS, Definition
from models.sql.rows import as_json
from models.words.states import State


class StoredSchedule(Definition):
    """A schedule as its row is, with what some worker has said of its actor (`actor_…`).

    Rows are not validated on their way out: an older release may have written what this one would refuse.
    """

    id: UUID
    name: str
    source: str
    version: int
    created_at: datetime
    updated_at: datetime
    paused_at: datetime | None
    paused_until: datetime | None
    pause_reason: str | None
    paused_by: str | None
    cursor_at: datetime
    next_due_at: datetime | None
    slots_run: int
    consecutive_failures: int
    error: str | None
    announced_at: datetime | None
    declared_by: str | None
    held_back: str | None
    actor_announced: bool
    actor_options: dict[str, Any] | None
    actor_parameters: dict[str, Any] | None

    @classmethod
    def of(cls, row: sa.Row[Any]) -> "StoredSchedule":
        """From a row of `_SELECT`."""
        return cls.model_construct(**row._mapping)


_SELECT = """
SELECT s.*, a.name IS NOT NULL AS actor_announced, a.options AS actor_options, a.parameters AS actor_parameters
FROM schedules s LEFT JOIN actors a ON a.name = s.actor
"""

_GET = f"{_SELECT} WHERE s.name = %(name)s"
_LOCK = f"{_GET} FOR UPDATE OF s"


def get_schedule(connection: sa.Connection, name: str) -> StoredSchedule | None:
    """The schedule; None if there is none of that name."""
    row = connection.exec_driver_sql(_GET, {"name": name}).one_or_none()
    return None if row is None else StoredSchedule.of(row)


def lock_schedule(connection: sa.Connection, name: str) -> StoredSchedule | None:
    """As `get_schedule`, and nobody else plans or changes the schedule until this transaction ends."""
    row = connection.exec_driver_sql(_LOCK, {"name": name}).one_or_none()
    return None if row is None else StoredSchedule.of(row)


_IS_PAUSED = "s.paused_at IS NOT NULL AND (s.paused_until IS NULL OR s.paused_until > now())"
_FILTERS = {
    "after": "s.name > %(after)s",
    "actor": "s.actor = %(actor)s",
    "tag": "s.tags ? %(tag)s",
    "q": "strpos(lower(s.name || ' ' || s.actor || ' ' || s.description), lower(%(q)s)) > 0",
}
_STATES = {
    "error": "s.error IS NOT NULL",
    "paused": _IS_PAUSED,
    "active": f"s.error IS NULL AND NOT ({_IS_PAUSED})",
}


def list_schedules(
    connection: sa.Connection, limit: int, *, state: str | None = None, **filters: str | None
) -> list[StoredSchedule]:
    """Schedules by name. Filters: `after` (a name), `actor`, `tag`, `q` (a part of name, actor or description)."""
    given = {name: value for name, value in filters.items() if value is not None}
    conditions = [_FILTERS[name] for name in given] + ([_STATES[state]] if state else [])
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    statement = f"{_SELECT} {where} ORDER BY s.name LIMIT %(limit)s"
    rows = connection.exec_driver_sql(statement, {**given, "limit": limit})
    return [StoredSchedule.of(row) for row in rows]


# A skip is the record that nothing ran, so it is passed over. A range, not an equality: where one schedule has nearly
# all runs, the planner would look for those of each other one by the id alone, through all there are.
_LAST_RUNS = f"""
SELECT wanted.id AS schedule_id, r.id, r.state, r.due_at, r.started_at, r.finished_at
FROM unnest(%(schedules)s::uuid[]) AS wanted(id)
CROSS JOIN LATERAL (
    SELECT * FROM runs
    WHERE (schedule_id, id) >= (wanted.id, '{UUID(int=0)}')
      AND (schedule_id, id) <= (wanted.id, '{UUID(int=2**128 - 1)}')
      AND state <> '{State.SKIPPED}' ORDER BY schedule_id DESC, id DESC LIMIT 1
) r
"""


def last_runs(connection: sa.Connection, schedules: Sequence[UUID]) -> dict[UUID, sa.Row[Any]]:
    """For each schedule that has any, the newest run that was not skipped."""
    rows = connection.exec_driver_sql(_LAST_RUNS, {"schedules": list(schedules)})
    return {row.schedule_id: row for row in rows}


_INSERT_COLUMNS = ", ".join(
    ("id", "name", *COLUMNS, "source", "version", "created_at", "updated_at", "cursor_at", "next_due_at")
)
_INSERT = f"""
INSERT INTO schedules ({_INSERT_COLUMNS}, slots_run, consecutive_failures)
SELECT {_INSERT_COLUMNS}, 0, 0 FROM jsonb_populate_record(NULL::schedules, %(row)s::jsonb -> 0)
ON CONFLICT (name) DO NOTHING
"""


def insert_schedule(connection: sa.Connection, columns: Mapping[str, Any]) -> bool:
    """Insert a schedule; False if the name is taken. Its slots count from `cursor_at` on."""
    return connection.exec_driver_sql(_INSERT, {"row": as_json([columns])}).rowcount == 1


_UPDATE = f"""
UPDATE schedules s SET {", ".join(f"{column} = v.{column}" for column in COLUMNS)},
    next_due_at = v.next_due_at, cursor_at = v.cursor_at, error = NULL, held_back = NULL,
    version = s.version + 1, updated_at = now()
FROM jsonb_populate_record(NULL::schedules, %(row)s::jsonb -> 0) v
WHERE s.id = v.id
"""


def update_schedule(connection: sa.Connection, columns: Mapping[str, Any]) -> None:
    """Replace the definition of the schedule `id`, with its `next_due_at`; its slots count from `cursor_at` on."""
    connection.exec_driver_sql(_UPDATE, {"row": as_json([columns])})


_DELETE = """
WITH keys AS (DELETE FROM trigger_keys WHERE schedule_id = %(id)s)
DELETE FROM schedules WHERE id = %(id)s
"""


def delete_schedule(connection: sa.Connection, schedule: UUID) -> None:
    """Delete a schedule. Its runs stay."""
    connection.exec_driver_sql(_DELETE, {"id": schedule})


_PAUSE = """
UPDATE schedules SET paused_at = coalesce(paused_at, now()), paused_until = %(until)s, pause_reason = %(reason)s,
    paused_by = %(by)s, next_due_at = %(until)s, held_back = NULL, updated_at = now()
WHERE id = %(id)s
"""


def pause_schedule(
    connection: sa.Connection, schedule: UUID, *, until: datetime | None, reason: str | None, by: str
) -> None:
    """Pause, or change the reason and end of a pause; with `until` it ends by itself."""
    connection.exec_driver_sql(_PAUSE, {"id": schedule, "until": until, "reason": reason, "by": by})


# The count starts again, so that a schedule paused for its failures isn't paused again by the next single one.
_RESUME = """
UPDATE schedules SET paused_at = NULL, paused_until = NULL, pause_reason = NULL, paused_by = NULL,
    consecutive_failures = 0, cursor_at = %(cursor_at)s, next_due_at = %(next_due_at)s, updated_at = now()
WHERE id = %(id)s
"""


def resume_schedule(
    connection: sa.Connection, schedule: UUID, cursor_at: datetime, next_due_at: datetime | None
) -> None:
    """End a pause; the schedule's slots up to `cursor_at` must have been decided."""
    parameters = {"id": schedule, "cursor_at": cursor_at, "next_due_at": next_due_at}
    connection.exec_driver_sql(_RESUME, parameters)
