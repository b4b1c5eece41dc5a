"""Apply the channels of a file: as `scheduling.commands.apply` does with its schedules."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from models.notices.channels import Channel, list_channels, lock_channels
from models.notices.definition import ChannelDefinition
from models.words.faults import Fault
from scheduling.commands.audit import By, differences
from scheduling.commands.channels import edit
from scheduling.commands.faults import Refused


@dataclass(frozen=True)
class Wanted:
    """The channels of a file, whose they are (`owner`), and how far it goes."""

    owner: str
    channels: Mapping[str, ChannelDefinition]
    prune: bool = False
    adopt: bool = False


@dataclass
class Plan:
    """What applying them means, in the order of names; nothing is written where there are conflicts."""

    create: list[str] = field(default_factory=list)
    update: list[tuple[Channel, list[dict[str, Any]]]] = field(default_factory=list)
    delete: list[Channel] = field(default_factory=list)
    conflicts: list[Channel] = field(default_factory=list)
    unchanged: int = 0

    def __bool__(self) -> bool:
        """Whether there is anything to write, or in the way."""
        return bool(self.create or self.update or self.delete or self.conflicts)


def apply(connection: sa.Connection, wanted: Wanted, by: By, *, dry_run: bool = False) -> Plan:
    """Bring channels to what a file says, in the caller's transaction; what that meant. Raises Refused."""
    if not dry_run:
        lock_channels(connection)
    plan = _compare(connection, wanted)
    if faults := list(_faults(connection, wanted, plan)):
        raise Refused(faults)
    if not dry_run and not plan.conflicts:
        for name in (*plan.create, *(channel.name for channel, _ in plan.update)):
            edit.put(connection, name, wanted.channels[name], by, source=wanted.owner)
        for channel in plan.delete:
            edit.delete(connection, channel, by)
    return plan


def _compare(connection: sa.Connection, wanted: Wanted) -> Plan:
    stored = {channel.name: channel for channel in list_channels(connection)}
    owned = {name for name, channel in stored.items() if wanted.prune and channel.source == wanted.owner}
    plan = Plan()
    for name in sorted({*wanted.channels, *owned}):
        channel, definition = stored.get(name), wanted.channels.get(name)
        if channel is None:
            plan.create.append(name)
        elif definition is None:
            plan.delete.append(channel)
        elif channel.source != wanted.owner and not wanted.adopt:
            plan.conflicts.append(channel)
        elif changes := _changes(channel, definition, wanted.owner):
            plan.update.append((channel, changes))
        else:
            plan.unchanged += 1
    return plan


def _changes(channel: Channel, definition: ChannelDefinition, owner: str) -> list[dict[str, Any]]:
    """Without what may be secret in them."""
    before = edit.columns_of(channel) | {"source": channel.source}
    changes = differences(before, definition.columns() | {"source": owner})
    for change in changes:
        if change["field"] == "url":
            change |= {"before": edit.hide(change["before"]), "after": edit.hide(change["after"])}
    return changes


def _faults(connection: sa.Connection, wanted: Wanted, plan: Plan) -> Iterator[Fault]:
    for name in (*plan.create, *(channel.name for channel, _ in plan.update)):
        for fault in edit.faults_of(connection, name, wanted.channels[name]):
            yield Fault(("channels", name, *fault.path), fault.message)
