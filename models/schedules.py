"""SQL of schedules as people define them: get, list, insert, update, delete, pause, resume."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from models.definition import COLUMNS, Definition
from models.sql.rows import as_json
from models.sql.scope import IN_SCOPE, scope_parameters
from models.words.roles import Scope
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
        """From a row of `SELECT`."""
        return cls.model_construct(**row._mapping)


SELECT = """
SELECT s.*, a.name IS NOT NULL AS actor_announced, a.options AS actor_options, a.parameters AS actor_parameters
FROM schedules s LEFT JOIN actors a ON a.name = s.actor
"""

_GET = f"{SELECT} WHERE s.name = %(name)s"
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
_FILTERS |= {
    "names": "s.name = ANY(%(names)s)",
    "prefix": "starts_with(s.name, %(prefix)s)",
    "source": "s.source = %(source)s",
    "queue": "coalesce(s.queue, a.queue, 'default') = %(queue)s",
    "due_until": "s.next_due_at <= %(due_until)s AND s.error IS NULL",
    "of_code": "(s.source = 'code') = %(of_code)s",
    "declared": "(s.source = 'code' AND s.announced_at IS NOT NULL) = %(declared)s",
}
_FILTERS |= {"scope_prefix": IN_SCOPE, "scope_tags": "true"}
_STATES = {
    "error": "s.error IS NOT NULL",
    "paused": _IS_PAUSED,
    "active": f"s.error IS NULL AND NOT ({_IS_PAUSED})",
}


def list_schedules(
    connection: sa.Connection, limit: int, *, state: str | None = None, only: Scope | None = None, **filters: Any
) -> list[StoredSchedule]:
    """Schedules by name. Filters: `after` (a name), `actor`, `tag`, `q` (a part of name, actor or description), and
    `only` those that somebody sees."""
    where, given = conditions_of(state, only, filters)
    statement = f"{SELECT} {where} ORDER BY s.name LIMIT %(limit)s"
    rows = connection.exec_driver_sql(statement, {**given, "limit": limit})
    columns = list(rows.keys())  # asked of each row, they would take longer than the row
    return [StoredSchedule.model_construct(**dict(zip(columns, row, strict=True))) for row in rows]


def conditions_of(state: str | None, only: Scope | None, filters: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """What the filters of `list_schedules` are in SQL, and what it is given."""
    given = {name: value for name, value in filters.items() if value is not None}
    given |= {} if only is None else scope_parameters(only)
    conditions = [_FILTERS[name] for name in given] + ([_STATES[state]] if state else [])
    return f"WHERE {' AND '.join(conditions)}" if conditions else "", given


def find_names(
    connection: sa.Connection, limit: int, *, state: str | None = None, only: Scope | None = None, **filters: Any
) -> list[str]:
    """The names of schedules that the filters of `list_schedules` find; also `names`, `prefix` and `source`."""
    where, given = conditions_of(state, only, filters)
    statement = f"SELECT s.name FROM schedules s {where} ORDER BY s.name LIMIT %(limit)s"
    return list(connection.exec_driver_sql(statement, {**given, "limit": limit}).scalars())


def count_schedules(
    connection: sa.Connection, most: int, *, state: str | None = None, only: Scope | None = None, **filters: Any
) -> int:
    """How many schedules the filters of `list_schedules` find, counted up to one beyond the most."""
    where, given = conditions_of(state, only, filters)
    statement = f"SELECT count(*) FROM (SELECT FROM schedules s {where} LIMIT %(most)s + 1) few"
    return int(connection.exec_driver_sql(statement, {**given, "most": most}).scalar_one())


_LOCK_OF = """
SELECT s.id FROM schedules s WHERE s.id IN (SELECT r.schedule_id FROM runs r WHERE r.id = ANY(%(runs)s))
ORDER BY s.id FOR UPDATE SKIP LOCKED
"""


def lock_schedules_of(connection: sa.Connection, runs: Sequence[UUID]) -> None:
    """Lock the schedules of these runs until the transaction ends; what somebody else has locked is passed over."""
    connection.exec_driver_sql(_LOCK_OF, {"runs": list(runs)})


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
    (
        "id",
        "name",
        *COLUMNS,
        "source",
        "version",
        "created_at",
        "updated_at",
        "cursor_at",
        "next_due_at",
        "paused_at",
        "paused_by",
    )
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
WITH keys AS (DELETE FROM trigger_keys WHERE schedule_id = %(id)s), gone AS (
    DELETE FROM schedules WHERE id = %(id)s RETURNING id, name, version, created_at, cursor_at
)
INSERT INTO deleted_schedules (id, name, version, created_at, decided_at) SELECT * FROM gone
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
