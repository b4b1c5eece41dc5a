"""How rows travel in bulk: one JSON array a statement, read by `jsonb_to_recordset`."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import Enum
from typing import Any
from uuid import UUID

import sqlalchemy as sa


def as_json(rows: Iterable[Mapping[str, Any]]) -> str:
    """The rows as one JSON text; instants become RFC 3339, UUIDs their text."""
    return json.dumps(list(rows), default=_plain, ensure_ascii=False, allow_nan=False)


def by_attempt(keys: Iterable[tuple[UUID, int]]) -> dict[int, list[UUID]]:
    """Runs by how many attempts they have had, each list in the order of ids.

    Nearly all have had none. A statement for one attempt needs no join: its plan is a look-up by key, always.
    """
    grouped: dict[int, list[UUID]] = {}
    for id_, attempt in sorted(keys):
        grouped.setdefault(attempt, []).append(id_)
    return grouped


def read_clock(connection: sa.Connection) -> datetime:
    """The database's clock, the only one that decides what is due: the start of the current transaction."""
    now: datetime = connection.exec_driver_sql("SELECT now()").scalar_one()
    return now


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Enum):
        return value.value
    raise TypeError(f"{type(value).__name__} does not travel in a row")
