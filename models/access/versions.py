"""SQL of the definitions that schedules had."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from models.sql.rows import as_json

_COLUMNS = "name, version, at, who, action, changes, definition"
_INSERT = f"""
INSERT INTO schedule_versions ({_COLUMNS})
SELECT {_COLUMNS} FROM jsonb_populate_recordset(NULL::schedule_versions, %(rows)s::jsonb)
ON CONFLICT DO NOTHING
"""


def insert_versions(connection: sa.Connection, versions: Sequence[Mapping[str, Any]]) -> None:
    """Keep definitions, each with all columns."""
    if versions:
        connection.exec_driver_sql(_INSERT, {"rows": as_json(versions)})


_LAST = "SELECT coalesce(max(version), 0) FROM schedule_versions WHERE name = %(name)s"


def last_version(connection: sa.Connection, name: str) -> int:
    """The number of the last version that a schedule of this name has had; 0 for none."""
    return int(connection.exec_driver_sql(_LAST, {"name": name}).scalar_one())


_LIST = f"""
SELECT {_COLUMNS} FROM schedule_versions WHERE name = %(name)s AND version < %(before)s
ORDER BY version DESC LIMIT %(limit)s
"""
_BEYOND = 2**31 - 1


def list_versions(connection: sa.Connection, name: str, limit: int, before: int | None = None) -> Sequence[sa.Row[Any]]:
    """Versions of the schedules of this name, newest first."""
    given = {"name": name, "limit": limit, "before": _BEYOND if before is None else before}
    return connection.exec_driver_sql(_LIST, given).all()


_GET = f"SELECT {_COLUMNS} FROM schedule_versions WHERE name = %(name)s AND version = %(version)s"


def get_version(connection: sa.Connection, name: str, version: int) -> sa.Row[Any] | None:
    """One of them; None if it is not known."""
    return connection.exec_driver_sql(_GET, {"name": name, "version": version}).one_or_none()
