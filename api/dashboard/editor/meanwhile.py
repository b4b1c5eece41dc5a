"""What others have saved while somebody was writing: field by field, and what of it goes together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from api.dashboard.editor.fields import label_of
from api.dashboard.editor.form import ARGS, OF_ARGUMENT
from models.access.versions import get_version, list_versions
from models.definition import COLUMNS, Definition
from models.schedules import StoredSchedule
from models.words.values import is_same
from scheduling.commands.audit import plain

_NOTHING = object()
_LOOKED_AT = 20


@dataclass(frozen=True)
class Change:
    """A field that others have changed: from what, to what, and what the form says of it."""

    label: str
    before: Any
    theirs: Any
    yours: Any
    is_yours_too: bool
    is_argument: bool


@dataclass(frozen=True)
class Meanwhile:
    """What was saved meanwhile: by whom, the changes, and the tag of the definition that they are part of."""

    tag: str
    who: Sequence[str]
    changes: Sequence[Change]


def stored_values(row: StoredSchedule) -> dict[str, Any]:
    """The definition of a schedule, by field."""
    return {column: getattr(row, column) for column in COLUMNS}


def values_before(connection: sa.Connection, name: str, tag: str) -> dict[str, Any] | None:
    """The definition that a form with this tag had shown; None if it is not known."""
    number = tag.rpartition("-")[2]
    if not (number.isascii() and number.isdigit() and len(number) <= 9):
        return None
    kept = get_version(connection, name, int(number))
    if kept is None:
        return None
    known = {field: value for field, value in kept.definition.items() if field in COLUMNS}
    try:
        return Definition.model_validate(known).columns()
    except ValueError:
        return None


def who_saved(connection: sa.Connection, name: str, tag: str) -> list[str]:
    """Who has made the versions since, the last one first."""
    number = tag.rpartition("-")[2]
    since = int(number) if number.isascii() and number.isdigit() and len(number) <= 9 else 0
    rows = list_versions(connection, name, _LOOKED_AT)
    return list(dict.fromkeys(row.who for row in rows if row.version > since))


def changes_between(before: Mapping[str, Any], theirs: Mapping[str, Any], yours: Mapping[str, Any]) -> list[Change]:
    """What others have changed."""
    old, new, own = _spread(before), _spread(theirs), _spread(yours)
    return [
        Change(
            _label(name),
            _shown(old.get(name)),
            _shown(new.get(name)),
            _shown(own.get(name)),
            _differs(old, own, name) and _differs(own, new, name),
            name.startswith(OF_ARGUMENT),
        )
        for name in {**old, **new}
        if _differs(old, new, name)
    ]


def yours_over_theirs(before: Mapping[str, Any], theirs: Mapping[str, Any], yours: Mapping[str, Any]) -> dict[str, Any]:
    """Theirs, with what you have changed."""
    return _merged(_spread(theirs), _spread(before), _spread(yours))


def theirs_over_yours(before: Mapping[str, Any], theirs: Mapping[str, Any], yours: Mapping[str, Any]) -> dict[str, Any]:
    """Yours, with what they have changed."""
    return _merged(_spread(yours), _spread(before), _spread(theirs))


def _merged(base: dict[str, Any], old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    for name in {**old, **new}:
        if not _differs(old, new, name):
            continue
        base.pop(name, None)
        if name in new:
            base[name] = new[name]
    args = {name.removeprefix(OF_ARGUMENT): value for name, value in base.items() if name.startswith(OF_ARGUMENT)}
    return {name: value for name, value in base.items() if not name.startswith(OF_ARGUMENT)} | {ARGS: args}


def _spread(values: Mapping[str, Any]) -> dict[str, Any]:
    """The fields, with each argument as one of its own."""
    own = {f"{OF_ARGUMENT}{name}": value for name, value in (values.get(ARGS) or {}).items()}
    return {name: value for name, value in values.items() if name != ARGS} | own


def _differs(one: Mapping[str, Any], other: Mapping[str, Any], name: str) -> bool:
    first, second = one.get(name, _NOTHING), other.get(name, _NOTHING)
    return (first is _NOTHING) != (second is _NOTHING) or not is_same(first, second)


def _shown(value: Any) -> Any:
    return plain({"": value})[""]


def _label(name: str) -> str:
    return f"Args: {name.removeprefix(OF_ARGUMENT)}" if name.startswith(OF_ARGUMENT) else label_of(name)
