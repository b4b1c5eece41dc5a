"""SQL of the audit: who did what, written in the transaction that did it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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


# A range, not an equality: what somebody has done, or what was done to one thing, may be much of all there is, and the
# planner would look for it by the id alone, through all the rest.
_INDEXED = {
    "target": "target >= %(target)s AND target <= %(target)s",
    "who": "who >= %(who)s AND who <= %(who)s",
}
_LOOKED_AT = {
    "group": "(target = %(group)s OR starts_with(target, %(group)s || '/'))",
    "who": "who = %(who)s",
    "action": "action = %(action)s",
    "since": "at >= %(since)s",
    "until": "at < %(until)s",
}

LOOKED_ROWS = 10_000
"""So many acts a page looks at, where no index finds them."""


@dataclass(frozen=True)
class AuditFound:
    """Acts, newest first, and from where on to look for more: None where there are none."""

    acts: Sequence[sa.Row[Any]]
    next: int | None


def search_audit(connection: sa.Connection, limit: int, **filters: Any) -> AuditFound:
    """Acts, newest first. Filters: `before` (an id), `who`, `action`, `target` (itself, or all of its group), `since`,
    `until`. A page that has looked at very many acts ends there, with those that it has found."""
    given = {name: value for name, value in filters.items() if value is not None}
    if "/" not in given.get("target", "/"):  # below one thing there is nothing, and an index finds what was done to it
        given["group"] = given.pop("target")
    by = next((name for name in _INDEXED if name in given), None)
    before = ["id < %(before)s"] if "before" in given else []
    indexed = _where([_INDEXED[by], *before] if by else before)
    scanned = f"SELECT * FROM audit {indexed} ORDER BY {f'{by} DESC, ' if by else ''}id DESC"
    outer = _where([condition for name, condition in _LOOKED_AT.items() if name in given and name != by])
    most = LOOKED_ROWS if outer else limit + 1
    acts = f"SELECT id, at, {_NAMES} FROM ({scanned} LIMIT {most}) s {outer} ORDER BY id DESC LIMIT %(limit)s"
    found = connection.exec_driver_sql(acts, given | {"limit": limit + 1}).all()
    if len(found) > limit:
        return AuditFound(found[:limit], found[limit - 1].id)
    last = f"SELECT id FROM ({scanned} OFFSET {most - 1} LIMIT 2) s"
    looked = connection.exec_driver_sql(last, given).scalars().all() if outer else []
    return AuditFound(found, looked[0] if len(looked) > 1 else None)


def list_audit(connection: sa.Connection, limit: int, **filters: Any) -> Sequence[sa.Row[Any]]:
    """The acts of `search_audit`, for whom one page is enough."""
    return search_audit(connection, limit, **filters).acts


def _where(conditions: Sequence[str]) -> str:
    return f"WHERE {' AND '.join(conditions)}" if conditions else ""
