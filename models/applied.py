"""SQL of many schedules at once, a statement each: lock, insert, update, delete."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from models.definition import COLUMNS
from models.sql.rows import as_array, as_json

_LOCK = "SELECT s.id FROM schedules s WHERE s.name = ANY(%(names)s) ORDER BY s.id FOR UPDATE"


def lock_schedules(connection: sa.Connection, names: Collection[str]) -> None:
    """Nobody else plans or changes the schedules of these names until this transaction ends."""
    connection.exec_driver_sql(_LOCK, {"names": list(names)})


_STANDING = ("id", "name", "source", "version", "created_at", "updated_at", "cursor_at", "next_due_at")
_INSERT_COLUMNS = ", ".join((*COLUMNS, *_STANDING, "paused_at", "paused_by"))
_INSERT = f"""
INSERT INTO schedules ({_INSERT_COLUMNS}, slots_run, consecutive_failures)
SELECT {_INSERT_COLUMNS}, 0, 0 FROM jsonb_populate_recordset(NULL::schedules, %(rows)s::jsonb)
ON CONFLICT (name) DO NOTHING
"""


def insert_schedules(connection: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> int:
    """Insert schedules whose names are not taken; how many those are. Their slots count from `cursor_at` on."""
    return connection.exec_driver_sql(_INSERT, {"rows": as_json(rows)}).rowcount


_UPDATE = f"""
UPDATE schedules s SET {", ".join(f"{column} = v.{column}" for column in (*COLUMNS, "source"))},
    next_due_at = v.next_due_at, cursor_at = v.cursor_at, error = NULL, held_back = NULL,
    version = s.version + 1, updated_at = now()
FROM jsonb_populate_recordset(NULL::schedules, %(rows)s::jsonb) v
WHERE s.id = v.id
"""


def update_schedules(connection: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Replace the definition and the source of schedules, by `id`; their slots count from `cursor_at` on."""
    connection.exec_driver_sql(_UPDATE, {"rows": as_json(rows)})


_DELETE = """
WITH keys AS (DELETE FROM trigger_keys WHERE schedule_id = ANY(%(ids)s::uuid[])), gone AS (
    DELETE FROM schedules WHERE id = ANY(%(ids)s::uuid[]) RETURNING id, name, version, created_at, cursor_at
)
INSERT INTO deleted_schedules (id, name, version, created_at, decided_at) SELECT * FROM gone
"""


def delete_schedules(connection: sa.Connection, ids: Collection[UUID]) -> None:
    """Delete schedules. Their runs stay."""
    connection.exec_driver_sql(_DELETE, {"ids": as_array(ids)})


_LAST_VERSIONS = "SELECT name, max(version) FROM schedule_versions WHERE name = ANY(%(names)s) GROUP BY name"


def last_versions(connection: sa.Connection, names: Collection[str]) -> dict[str, int]:
    """The number of the last version that schedules of these names have had, of those that had any."""
    rows = connection.exec_driver_sql(_LAST_VERSIONS, {"names": list(names)})
    return {name: int(version) for name, version in rows}
