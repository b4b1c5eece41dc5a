"""Create, replace, change and delete schedules.

An edit first decides what is due up to now under the old definition, so that it loses no slot and repeats none, and it
never fires by itself. The caller's transaction holds the schedule's row until it ends.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from pydantic import ValidationError

from models.access.versions import get_version, last_version
from models.definition import COLUMNS, Definition
from models.schedules import StoredSchedule, delete_schedule, insert_schedule, lock_schedule, update_schedule
from models.sql.clock import read_clock
from models.sql.wake import notify
from models.words.faults import Fault, faults_of
from models.words.kinds import NAME_PATTERN
from scheduling.commands.audit import By, differences, note, note_version, plain
from scheduling.commands.faults import Conflict, NotFound, Refused
from scheduling.commands.rules import check_schedule
from scheduling.commands.settling import settle
from scheduling.slots.due import next_due, spec_of
from scheduling.slots.spec import next_slot

PEOPLE, CODE = "api", "code"
"""Where a schedule comes from (`source`)."""

DECLARED = "the schedule is declared in code: change it there; it can be paused and triggered here"


def lock(connection: sa.Connection, name: str) -> StoredSchedule:
    """The schedule of that name, locked. Raises NotFound."""
    row = lock_schedule(connection, name)
    if row is None:
        raise NotFound("schedule")
    return row


def create(
    connection: sa.Connection, name: str, definition: Definition, by: By, *, source: str = PEOPLE, paused: bool = False
) -> bool:
    """Create a schedule, paused if that is wanted; False if the name is taken. Raises Refused.

    A name that was there before goes on counting its versions.
    """
    now = read_clock(connection)
    if not re.fullmatch(NAME_PATTERN, name):
        raise Refused([Fault(("name",), f"must match {NAME_PATTERN}")])
    _check(connection, definition, now)
    version = last_version(connection, name) + 1
    instants = {"created_at": now, "updated_at": now, "cursor_at": now, "paused_at": now if paused else None}
    instants["next_due_at"] = None if paused else next_slot(spec_of(definition), now)
    standing = {
        "id": uuid4(),
        "name": name,
        "source": source,
        "version": version,
        "paused_by": by.who if paused else None,
    }
    if not insert_schedule(connection, definition.columns() | standing | instants):
        return False
    changes = differences({}, definition.columns())
    note_version(connection, by, "schedule.create", name, version, now, changes, definition)
    notify(connection)
    return True


def replace(
    connection: sa.Connection,
    row: StoredSchedule,
    definition: Definition,
    by: By,
    *,
    source: str = PEOPLE,
    action: str = "schedule.update",
    reason: str | None = None,
) -> None:
    """Replace the definition of a locked schedule. Raises Refused, and Conflict where another source decides it."""
    _check_source(row, source)
    _check(connection, definition, read_clock(connection))
    row, since = settle(connection, row)
    edited = row.model_copy(update=definition.columns())
    due = next_due(edited, since)
    columns = definition.columns()
    update_schedule(connection, columns | {"id": row.id, "cursor_at": since, "next_due_at": due})
    changes = differences({column: getattr(row, column) for column in COLUMNS}, columns)
    note_version(connection, by, action, row.name, row.version + 1, since, changes, definition, reason)
    notify(connection)


def change(connection: sa.Connection, row: StoredSchedule, patch: Mapping[str, Any], by: By) -> None:
    """Change fields of a locked schedule by a merge patch (RFC 7396). Raises as `replace`."""
    check_fields(patch)
    _check_source(row, PEOPLE)
    stored = {column: getattr(row, column) for column in COLUMNS}
    document = {column: _plain(value) for column, value in stored.items() if value is not None}
    try:
        definition = Definition.model_validate(merge_patch(document, patch))
    except ValidationError as error:
        raise Refused(faults_of(error)) from None
    replace(connection, row, definition, by)


def check_fields(patch: Mapping[str, Any]) -> None:
    """Raises Refused for fields that a definition does not have."""
    if unknown := [Fault((field,), "unknown field") for field in patch if field not in COLUMNS]:
        raise Refused(unknown)


def roll_back(connection: sa.Connection, row: StoredSchedule, version: int, by: By, reason: str | None) -> None:
    """Give a locked schedule the definition that it had in a version before, as a new version. Raises NotFound for one
    that is not known, and what `replace` does."""
    definition = definition_of(connection, row.name, version)
    replace(connection, row, definition, by, action="schedule.rollback", reason=reason)


def definition_of(connection: sa.Connection, name: str, version: int) -> Definition:
    """The definition that a schedule had in a version before. Raises NotFound, and Refused for what does not hold any
    more."""
    kept = get_version(connection, name, version)
    if kept is None:
        raise NotFound("version")
    try:
        return Definition.model_validate(
            {name: kept.definition.get(name) for name in COLUMNS if name in kept.definition}
        )
    except ValidationError as error:  # what a release before has let pass
        raise Refused(faults_of(error)) from None


def delete(connection: sa.Connection, row: StoredSchedule, by: By) -> None:
    """Delete a locked schedule. Its runs stay, and those already planned still run. Raises Conflict for one that code
    still declares."""
    if row.announced_at is not None:
        _check_source(row, PEOPLE)
    row, _ = settle(connection, row)
    delete_schedule(connection, row.id)
    definition = {column: getattr(row, column) for column in COLUMNS}
    note(connection, by, "schedule.delete", f"schedules/{row.name}", before=plain(definition))
    notify(connection)


def merge_patch(target: Any, patch: Any) -> Any:
    """The value with a merge patch applied (RFC 7396)."""
    if not isinstance(patch, Mapping):
        return patch
    merged = dict(target) if isinstance(target, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), value)
    return merged


def _check(connection: sa.Connection, definition: Definition, now: datetime) -> None:
    if faults := check_schedule(connection, definition, now):
        raise Refused(faults)


def _check_source(row: StoredSchedule, source: str) -> None:
    """Code decides what it declares, and nothing else."""
    if row.source == CODE and source != CODE:
        raise Conflict(DECLARED)
    if source == CODE and row.source != CODE:
        raise Conflict(f"there is a schedule of that name that comes from {row.source}")


def _plain(value: Any) -> Any:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value
