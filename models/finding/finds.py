"""SQL of runs by their filters alone: which there are, and how many."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from models.finding.filters import HAS_ERROR, INDEXED, LOOKED_AT, indexed_of, last_looked_at, where

COUNTED_ROWS = 50_000
"""So many runs a count looks at, where no index finds them: some 100 ms."""


def count_runs(
    connection: sa.Connection, most: int, filters: Mapping[str, Any], rows: int | None = None
) -> tuple[int, bool]:
    """How many runs the filters of `list_runs` find, counted up to one beyond the most; and whether it has looked at so
    many (`rows`, or 50,000) that there may be others."""
    given = {name: value for name, value in filters.items() if value is not None and name != "before"}
    names, rows = indexed_of(given), rows or COUNTED_ROWS
    indexed = [INDEXED[name] for name in given if name in names]
    indexed += [HAS_ERROR] if "error" in given else []
    outer = where([LOOKED_AT[name] for name in given if name not in names])
    newest = f"ORDER BY id DESC LIMIT {rows}" if outer else ""
    scanned = f"SELECT * FROM runs {where(indexed)} {newest}"
    statement = f"SELECT count(*) FROM (SELECT FROM ({scanned}) s {outer} LIMIT %(most)s + 1) few"
    found = int(connection.exec_driver_sql(statement, {**given, "most": most}).scalar_one())
    if not outer or found > most:
        return found, False
    return found, last_looked_at(connection, indexed, given, rows) is not None


def find_runs(connection: sa.Connection, limit: int, filters: Mapping[str, Any]) -> list[UUID]:
    """The ids of the runs that the filters of `list_runs` find, oldest first; of very many the newest `limit`."""
    given = {name: value for name, value in filters.items() if value is not None}
    wanted = where([INDEXED.get(name) or LOOKED_AT[name] for name in given])
    statement = f"SELECT id FROM runs {wanted} ORDER BY id DESC LIMIT %(limit)s"
    return list(connection.exec_driver_sql(statement, {**given, "limit": limit}).scalars())[::-1]
