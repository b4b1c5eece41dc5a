"""What was changed about a schedule, field by field, in words."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from api.dashboard.frame.visits import Visit

_WHOLE = ("schedule.create", "schedule.delete")
"""All of a definition is new with them, or gone: that is nothing to compare."""


class Change(NamedTuple):
    """A field that was changed, with its values as text. Of one that is folded they are shown when somebody asks."""

    field: str
    before: str
    after: str
    is_folded: bool


def folded_fields(visit: Visit) -> Collection[str]:
    """The fields whose values are shown when somebody asks for them."""
    return () if visit.settings.dashboard.show_arguments else ("args",)


def versions_of(rows: Iterable[sa.Row[Any]], folded: Collection[str]) -> list[dict[str, Any]]:
    """Versions with what each has changed."""
    return [
        {
            "version": row.version,
            "at": row.at,
            "who": row.who,
            "action": row.action,
            "changes": [] if row.action in _WHOLE else changes_of(row.changes, folded),
        }
        for row in rows
    ]


def acts_of(rows: Iterable[sa.Row[Any]], folded: Collection[str]) -> list[dict[str, Any]]:
    """Acts with what each has changed."""
    return [{**row._mapping, "changes": [] if row.action in _WHOLE else _changed(row, folded)} for row in rows]


def changes_of(changes: Sequence[Mapping[str, Any]], folded: Collection[str]) -> list[Change]:
    """Changes as versions keep them."""
    return [_change(each["field"], each["before"], each["after"], folded) for each in changes]


def _changed(row: sa.Row[Any], folded: Collection[str]) -> list[Change]:
    before, after = row.before or {}, row.after or {}
    return [_change(name, before.get(name), after.get(name), folded) for name in dict.fromkeys([*before, *after])]


def _change(field: str, before: Any, after: Any, folded: Collection[str]) -> Change:
    return Change(field, _said(before), _said(after), field in folded)


def _said(value: Any) -> str:
    if value is None:
        return "—"
    return value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)
