"""SQL of the audit: who did what, written in the transaction that did it."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from models.sql.rows import as_json, recordset

_COLUMNS = {
    "who": "text",
    "role": "text",
    "address": "text",
    "action": "text",
    "target": "text",
    "before": "jsonb",
    "after": "jsonb",
    "reason": "text",
}
_NAMES = ", ".join(_COLUMNS)
_INSERT = f"INSERT INTO audit (at, {_NAMES}) SELECT now(), {_NAMES} FROM {recordset(_COLUMNS)}"


def insert_audit(connection: sa.Connection, entries: Sequence[Mapping[str, Any]]) -> None:
    """Keep these acts; each has the columns but the instant, which is that of the transaction."""
    if entries:
        connection.exec_driver_sql(_INSERT, {"rows": as_json(entries)})


def noting(action: str, rows: str, *, before: str = "NULL", after: str = "NULL", reason: str = "NULL") -> str:
    """In SQL, for the statement or the transaction that does it: note what callsheet does by itself to schedules, which
    are the `name` of these rows."""
    return f"""INSERT INTO audit (at, who, action, target, before, after, reason)
    SELECT now(), 'callsheet', '{action}', 'schedules/' || name, {before}::jsonb, {after}::jsonb, {reason}
    FROM {rows}"""


_FILTERS = {
    "before": "id < %(before)s",
    "who": "who = %(who)s",
    "action": "action = %(action)s",
    "target": "target = %(target)s",
    "group": "(target = %(group)s OR starts_with(target, %(group)s || '/'))",
    "since": "at >= %(since)s",
    "until": "at < %(until)s",
}


def list_audit(connection: sa.Connection, limit: int, **filters: Any) -> Sequence[sa.Row[Any]]:
    """Acts, newest first. Filters: `before` (an id), `who`, `action`, `target` (itself, or all of its group), `since`,
    `until`."""
    given = {name: value for name, value in filters.items() if value is not None}
    if "/" not in given.get("target", "/"):  # below one thing there is nothing, and an index finds what was done to it
        given["group"] = given.pop("target")
    where = " AND ".join(_FILTERS[name] for name in given) or "true"
    statement = f"SELECT id, at, {_NAMES} FROM audit WHERE {where} ORDER BY id DESC LIMIT %(limit)s"
    return connection.exec_driver_sql(statement, given | {"limit": limit}).all()
