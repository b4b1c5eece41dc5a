"""Writing many schedules at once: what `edit` does with one, in as few statements. The caller checks what is written,
and holds the rows that there are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

import sqlalchemy as sa

from models.applied import delete_schedules, insert_schedules, last_versions, update_schedules
from models.definition import COLUMNS, Definition
from models.schedules import StoredSchedule
from models.sql.clock import read_clock
from scheduling.commands.audit import Act, By, NewVersion, differences, note_acts, note_versions, plain
from scheduling.commands.faults import Conflict
from scheduling.commands.settling import settle_many
from scheduling.slots.due import next_due, spec_of
from scheduling.slots.spec import next_slot


@dataclass(frozen=True)
class New:
    """A schedule to create."""

    name: str
    definition: Definition
    paused: bool = False


@dataclass(frozen=True)
class Edit:
    """A schedule to replace, and what that changes."""

    row: StoredSchedule
    definition: Definition
    changes: list[dict[str, Any]]


def create_many(connection: sa.Connection, new: Sequence[New], source: str, by: By) -> None:
    """Create schedules. Raises Conflict where somebody takes one of their names meanwhile."""
    if not new:
        return
    now = read_clock(connection)
    before = last_versions(connection, [each.name for each in new])
    versions = [
        NewVersion(each.name, before.get(each.name, 0) + 1, now, _all_new(each), each.definition) for each in new
    ]
    rows = [_row(each, version.version, source, by, now) for each, version in zip(new, versions, strict=True)]
    if insert_schedules(connection, rows) < len(rows):
        raise Conflict("somebody creates schedules of these names at the same time: try again")
    note_versions(connection, by, "schedule.create", versions)


def replace_many(connection: sa.Connection, edits: Sequence[Edit], source: str, by: By) -> None:
    """Replace the definitions of locked schedules, and whose they are. Raises Conflict as `settle`."""
    if not edits:
        return
    settled = settle_many(connection, [each.row for each in edits])
    rows, versions = [], []
    for each in edits:
        row, since = settled[each.row.name]
        columns = each.definition.columns()
        due = next_due(row.model_copy(update=columns), since)
        rows.append(columns | {"id": row.id, "source": source, "cursor_at": since, "next_due_at": due})
        versions.append(NewVersion(row.name, row.version + 1, since, each.changes, each.definition))
    update_schedules(connection, rows)
    note_versions(connection, by, "schedule.update", versions)


def delete_many(connection: sa.Connection, rows: Sequence[StoredSchedule], by: By) -> None:
    """Delete locked schedules. Their runs stay, those already planned still run. Raises Conflict as `settle`."""
    if not rows:
        return
    settled = [row for row, _ in settle_many(connection, rows).values()]
    delete_schedules(connection, [row.id for row in settled])
    acts = [Act(f"schedules/{row.name}", {column: getattr(row, column) for column in COLUMNS}) for row in settled]
    note_acts(connection, by, "schedule.delete", [Act(act.target, plain(act.before or {})) for act in acts])


def _all_new(new: New) -> list[dict[str, Any]]:
    return differences({}, new.definition.columns())


def _row(new: New, version: int, source: str, by: By, now: datetime) -> Mapping[str, Any]:
    standing = {"id": uuid4(), "name": new.name, "source": source, "version": version}
    instants = {"created_at": now, "updated_at": now, "cursor_at": now, "paused_at": now if new.paused else None}
    instants["next_due_at"] = None if new.paused else next_slot(spec_of(new.definition), now)
    return new.definition.columns() | standing | instants | {"paused_by": by.who if new.paused else None}
