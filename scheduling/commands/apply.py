"""Apply: bring the schedules of a file to what it says, all of them or none.

A file's schedules are its own (`source`). What is its own and not in the file any more is deleted if that is asked for;
what belongs to somebody else is a conflict, unless it is to be adopted. Only what changes is locked and written.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from models.applied import lock_schedules
from models.definition import COLUMNS, Definition
from models.processes import get_actors
from models.schedules import StoredSchedule, find_names, list_schedules
from models.sql.clock import read_clock
from models.sql.wake import notify
from models.words.faults import Fault
from models.words.roles import Scope
from scheduling.commands.audit import By, differences, note
from scheduling.commands.edit import CODE, PEOPLE
from scheduling.commands.faults import Conflict, Refused
from scheduling.commands.rules import check_definition
from scheduling.commands.secrets import rules_for
from scheduling.commands.writing import Edit, New, create_many, delete_many, replace_many

MOST = 10_000
"""A source has no more schedules than that looked at."""

_FILE = "file:"


def owner_of(source: str) -> str:
    """Whose schedules those of a file with this source are; `api` stands for what people have made without one."""
    return source if source == PEOPLE or source.startswith(_FILE) else _FILE + source


def source_of(owner: str) -> str:
    """The `source` of a file whose schedules these are."""
    return owner.removeprefix(_FILE)


@dataclass(frozen=True)
class Wanted:
    """What a file says, and how far it goes: `prune` deletes what is its own and not in it, `adopt` takes over what is
    somebody else's; `paused` are those that are paused from the beginning, where they are new."""

    source: str
    schedules: Mapping[str, Definition]
    paused: frozenset[str] = frozenset()
    prune: bool = False
    adopt: bool = False

    @property
    def owner(self) -> str:
        """Whose its schedules are."""
        return owner_of(self.source)


@dataclass
class Plan:
    """What applying a file means, in the order of names; nothing is written where there are conflicts."""

    create: list[str] = field(default_factory=list)
    update: list[tuple[StoredSchedule, list[dict[str, Any]]]] = field(default_factory=list)
    delete: list[StoredSchedule] = field(default_factory=list)
    conflicts: list[StoredSchedule] = field(default_factory=list)
    unchanged: int = 0
    rows: list[StoredSchedule] = field(default_factory=list)

    @property
    def writes(self) -> set[str]:
        """The names of what is written."""
        return {*self.create, *(row.name for row, _ in self.update), *(row.name for row in self.delete)}


def apply(
    connection: sa.Connection, wanted: Wanted, by: By, *, only: Scope | None = None, dry_run: bool = False
) -> Plan:
    """Apply a file, in the caller's transaction; what it meant. Raises Refused, and Conflict where others are at it.

    `only` are the schedules that the caller sees, where it is not all: others are not pruned.
    """
    plan = _compare(connection, wanted, only)
    _check(connection, wanted, plan)
    if dry_run or plan.conflicts or not plan.writes:
        return plan
    lock_schedules(connection, plan.writes)
    expected, plan = plan.writes, _compare(connection, wanted, only)
    if plan.conflicts or not plan.writes <= expected:
        raise Conflict("somebody changes schedules of this file at the same time: try again")
    _write(connection, wanted, plan, by)
    return plan


def _compare(connection: sa.Connection, wanted: Wanted, only: Scope | None) -> Plan:
    owned = find_names(connection, MOST, source=wanted.owner, only=only) if wanted.prune else []
    names = sorted({*wanted.schedules, *owned})
    stored = {row.name: row for row in list_schedules(connection, len(names), names=names)}
    plan = Plan(rows=list(stored.values()))
    for name in names:
        row, definition = stored.get(name), wanted.schedules.get(name)
        if row is None:
            if definition is not None:
                plan.create.append(name)
        elif row.source != wanted.owner and (row.source == CODE or not wanted.adopt):
            if definition is not None:
                plan.conflicts.append(row)
        elif definition is None:
            plan.delete.append(row)
        elif changes := _changes(row, definition, wanted.owner):
            plan.update.append((row, changes))
        else:
            plan.unchanged += 1
    return plan


def _changes(row: StoredSchedule, definition: Definition, owner: str) -> list[dict[str, Any]]:
    stored = {column: getattr(row, column) for column in COLUMNS}
    return differences(stored | {"source": row.source}, definition.columns() | {"source": owner})


def _check(connection: sa.Connection, wanted: Wanted, plan: Plan) -> None:
    """Raises Refused for all that is wrong with what is created or changed."""
    if faults := list(_faults(connection, wanted, plan)):
        raise Refused(faults)


def _faults(connection: sa.Connection, wanted: Wanted, plan: Plan) -> Iterator[Fault]:
    now = read_clock(connection)
    written = {name: wanted.schedules[name] for name in sorted(plan.writes) if name in wanted.schedules}
    actors = get_actors(connection, {definition.actor for definition in written.values()})
    rules = rules_for(connection, (definition.args for definition in written.values()))
    for name, definition in written.items():
        for fault in check_definition(definition, actors.get(definition.actor), now, rules):
            yield Fault(("schedules", name, *fault.path), fault.message)


def _write(connection: sa.Connection, wanted: Wanted, plan: Plan, by: By) -> None:
    new = [New(name, wanted.schedules[name], name in wanted.paused) for name in plan.create]
    edits = [Edit(row, wanted.schedules[row.name], changes) for row, changes in plan.update]
    create_many(connection, new, wanted.owner, by)
    replace_many(connection, edits, wanted.owner, by)
    delete_many(connection, plan.delete, by)
    counts = {"create": len(new), "update": len(edits), "delete": len(plan.delete)}
    note(connection, by, "apply", f"apply/{wanted.source}", after=counts)
    notify(connection)
