"""How rows travel in bulk: one JSON array a statement, read by `jsonb_to_recordset`; or, where many have all in common
but their keys, the keys as arrays and the rest as scalars."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Any
from uuid import UUID

from models.words.numbers import write_large_out

MANY = 32
"""For so many rows that have all in common but their keys a statement of their own is less work."""


def recordset(columns: Mapping[str, str]) -> str:
    """In SQL: the rows of the JSON array `rows`, as `v`, with these columns and their types."""
    return f"jsonb_to_recordset(%(rows)s::jsonb) AS v({', '.join(f'{name} {kind}' for name, kind in columns.items())})"


def scalars(columns: Mapping[str, str], keys: Sequence[str] = ()) -> str:
    """In SQL: as `v`, these columns as parameters give them, and one row for each of the UUIDs in the arrays `keys`."""
    values = ", ".join(f"%({name})s::{kind} AS {name}" for name, kind in columns.items())
    if not keys:
        return f"(SELECT {values}) AS v"
    arrays = ", ".join(f"%({key})s::uuid[]" for key in keys)
    return f"(SELECT k.*, {values} FROM unnest({arrays}) AS k({', '.join(keys)})) AS v"


def as_json(rows: Iterable[Mapping[str, Any]]) -> str:
    """The rows as one JSON text; instants become RFC 3339, UUIDs their text."""
    return write_large_out(json.dumps(list(rows), default=_plain, ensure_ascii=False, allow_nan=False))


def as_json_alike(names: Sequence[str], groups: Iterable[tuple[Iterable[tuple[UUID, ...]], Mapping[str, Any]]]) -> str:
    """Rows as one JSON text, where many have all in common but their keys: the UUIDs under `names`.

    A group is the keys of its rows, and what they have in common.
    """
    head = "".join(f'"{name}": "%s", ' for name in names)
    rows: list[str] = []
    for keys, common in groups:
        tail = as_json([common])[2:-1]
        rows.extend("{" + head % key + tail for key in keys)
    return f"[{', '.join(rows)}]"


def as_array(ids: Iterable[UUID]) -> str:
    """UUIDs as the text of an array: a third of the time that the driver takes for a list."""
    return f"{{{','.join(map(str, ids))}}}"


def by_attempt(keys: Iterable[tuple[UUID, int]]) -> dict[int, list[UUID]]:
    """Runs by how many attempts they have had, each list in the order of ids.

    Nearly all have had none. A statement for one attempt needs no join: its plan is a look-up by key, always.
    """
    grouped: dict[int, list[UUID]] = {}
    for id_, attempt in sorted(keys, key=lambda key: key[0].int):
        grouped.setdefault(attempt, []).append(id_)
    return grouped


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Enum):
        return value.value
    raise TypeError(f"{type(value).__name__} does not travel in a row")
