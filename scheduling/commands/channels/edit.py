"""Create, replace and delete channels. What states of runs must be noted for them changes in the same transaction."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa

from config.references import REFERENCE
from models.events.telling import need_states
from models.notices.channels import (
    Channel,
    delete_channel,
    filter_of,
    list_channels,
    lock_channel,
    store_channel,
    write_alone,
)
from models.notices.definition import ChannelDefinition
from models.notices.needs import needed_states
from models.notices.standing import begin_noticing
from models.sql.clock import read_clock
from models.words.faults import Fault
from models.words.kinds import NAME_PATTERN
from models.words.notices import NOTIFY, ChannelKind
from scheduling.commands.audit import By, differences, note
from scheduling.commands.faults import NotFound, Refused
from scheduling.commands.secrets import check_secrets, rules_for

PEOPLE = "api"
"""Where a channel comes from (`source`)."""


def put(
    connection: sa.Connection, name: str, definition: ChannelDefinition, by: By, *, source: str | None = None
) -> tuple[Channel, bool]:
    """Create a channel, or replace the one of that name; as it is now, and whether it is new. Raises Refused.

    A new one is told of what happens from now on. Whose it is stays as it is, unless a `source` is given.
    """
    if faults := faults_of(connection, name, definition):
        raise Refused(faults)
    before = lock_channel(connection, name)
    write_alone(connection)
    before = before or lock_channel(connection, name)
    if before is None:
        begin_noticing(connection)
    now = read_clock(connection)
    values = definition.columns()
    channel = Channel(
        **values
        | {
            "name": name,
            "to": None if definition.to is None else tuple(definition.to),
            "events": tuple(values["events"]),
            "filter": values["filter"] and filter_of(values["filter"]),
            "source": source or (PEOPLE if before is None else before.source),
            "version": 1 if before is None else before.version + 1,
            "created_at": now if before is None else before.created_at,
            "updated_at": now,
            "updated_by": by.who,
        }
    )
    store_channel(connection, channel)
    need_states(connection, needed_states(list_channels(connection)))
    changes = differences({} if before is None else _said(before), _said(channel))
    note(
        connection,
        by,
        "channel.create" if before is None else "channel.update",
        f"channels/{name}",
        before=None if before is None else {change["field"]: change["before"] for change in changes},
        after={change["field"]: change["after"] for change in changes},
    )
    return channel, before is None


def delete(connection: sa.Connection, channel: Channel, by: By) -> None:
    """Delete a locked channel, with what it has been told. What is on its way to it fails."""
    write_alone(connection)
    delete_channel(connection, channel.name)
    need_states(connection, needed_states(list_channels(connection)))
    note(connection, by, "channel.delete", f"channels/{channel.name}", before=_said(channel))


def lock(connection: sa.Connection, name: str) -> Channel:
    """The channel of that name, locked. Raises NotFound."""
    channel = lock_channel(connection, name)
    if channel is None:
        raise NotFound("channel")
    return channel


def faults_of(connection: sa.Connection, name: str, definition: ChannelDefinition) -> list[Fault]:
    """What no channel can be."""
    given = {"url": definition.url or "", "secret": definition.secret or ""}
    forbidden = check_secrets(rules_for(connection, [given]), NOTIFY, given)
    return check_definition(name, definition) + [Fault(fault.path[1:], fault.message) for fault in forbidden]


def check_definition(name: str, definition: ChannelDefinition) -> list[Fault]:
    """The same, as far as it can be said without a database."""
    faults = [] if re.fullmatch(NAME_PATTERN, name) else [Fault(("name",), f"must match {NAME_PATTERN}")]
    is_email, kind = definition.kind is ChannelKind.EMAIL, definition.kind.value
    needed, unfit = ("to", "url") if is_email else ("url", "to")
    if getattr(definition, needed) is None:
        faults.append(Fault((needed,), f"is needed of the kind {kind}"))
    if getattr(definition, unfit) is not None:
        faults.append(Fault((unfit,), f"is nothing that the kind {kind} has"))
    if definition.secret is not None and definition.kind is not ChannelKind.WEBHOOK:
        faults.append(Fault(("secret",), f"signs webhooks; the kind {kind} has no signature"))
    return faults


def hide(url: str | None) -> str | None:
    """A URL without what may be secret in it: its path, its query, and who signs in. A reference to one is none."""
    if url is None or REFERENCE.fullmatch(url):
        return url
    try:
        parts = urlsplit(url)
    except ValueError:
        return "…"
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/…" if parts.scheme else "…"


def columns_of(channel: Channel) -> dict[str, Any]:
    """The definition of a channel, as JSON has it."""
    columns = {name: getattr(channel, name) for name in ChannelDefinition.model_fields}
    chosen = channel.filter and {name: _plain(value) for name, value in vars(channel.filter).items() if value}
    return columns | {"filter": chosen, "to": _plain(channel.to), "events": _plain(channel.events)}


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _said(channel: Channel) -> Mapping[str, Any]:
    """What the audit tells of a channel: its definition, without secrets."""
    return columns_of(channel) | {"url": hide(channel.url)}
