"""Audit: who asks for a command, and what is noted of it, in its transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from models.access.audit import insert_audit
from models.access.versions import insert_versions
from models.definition import Definition
from models.words.instants import write_instant
from models.words.values import is_same


@dataclass(frozen=True)
class By:
    """Who asks: a name that history shows, and, of people, their role and address."""

    who: str
    role: str | None = None
    address: str | None = None


CALLSHEET = By("callsheet")
"""What callsheet does by itself."""


def note(
    connection: sa.Connection,
    by: By,
    action: str,
    target: str,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str | None = None,
) -> None:
    """Keep an act (`noun.verb`) on a target (`schedules/nightly`), with what was before and is after it."""
    note_acts(connection, by, action, [Act(target, before, after)], reason)


def note_version(
    connection: sa.Connection,
    by: By,
    action: str,
    name: str,
    version: int,
    at: datetime,
    changes: list[dict[str, Any]],
    definition: Definition,
    reason: str | None = None,
) -> None:
    """Keep an act that gave a schedule this definition, from `at` on, and the definition itself."""
    note_versions(connection, by, action, [NewVersion(name, version, at, changes, definition)], reason)


@dataclass(frozen=True)
class NewVersion:
    """A definition that a schedule has from `at` on, and what is different in it."""

    name: str
    version: int
    at: datetime
    changes: list[dict[str, Any]]
    definition: Definition


def note_versions(
    connection: sa.Connection, by: By, action: str, versions: Sequence[NewVersion], reason: str | None = None
) -> None:
    """As `note_version`, of many."""
    kept, acts = [], []
    for each in versions:
        row = {"name": each.name, "version": each.version, "at": each.at, "changes": each.changes}
        kept.append(row | {"who": by.who, "action": action, "definition": plain(each.definition.columns())})
        before = {change["field"]: change["before"] for change in each.changes}
        after = {change["field"]: change["after"] for change in each.changes}
        acts.append(Act(f"schedules/{each.name}", before, after))
    insert_versions(connection, kept)
    note_acts(connection, by, action, acts, reason)


@dataclass(frozen=True)
class Act:
    """What an act is done to, and what was before and is after it."""

    target: str
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None


def note_acts(connection: sa.Connection, by: By, action: str, acts: Sequence[Act], reason: str | None = None) -> None:
    """As `note`, of many."""
    common = {"who": by.who, "role": by.role, "address": by.address, "action": action, "reason": reason}
    rows = [{"target": act.target, "before": act.before, "after": act.after} for act in acts]
    insert_audit(connection, [row | common for row in rows])


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The fields in which two definitions differ, as JSON."""
    old, new = plain(before), plain(after)
    return [
        {"field": name, "before": old.get(name), "after": value}
        for name, value in new.items()
        if not is_same(old.get(name), value)
    ]


def plain(columns: Mapping[str, Any]) -> dict[str, Any]:
    """The columns as JSON has them."""
    return {name: write_instant(value) if isinstance(value, datetime) else value for name, value in columns.items()}
