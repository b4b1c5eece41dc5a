"""How rows travel in bulk: one JSON array a statement, read by `jsonb_to_recordset`."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Any
from uuid import UUID


def as_json(rows: Iterable[Mapping[str, Any]]) -> str:
    """The rows as one JSON text; instants become RFC 3339, UUIDs their text."""
    return json.dumps(list(rows), default=_plain, ensure_ascii=False, allow_nan=False)


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
