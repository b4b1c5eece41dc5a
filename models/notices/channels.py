"""SQL of channels."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from models.sql.rows import as_json


@dataclass(frozen=True)
class Filter:
    """Which schedules a channel is about, where it is not all: those whose name begins so, those with any of the tags,
    and those of these names."""

    prefix: str | None = None
    tags: tuple[str, ...] = ()
    schedules: tuple[str, ...] = ()

    def holds(self, name: str | None, tags: Collection[str]) -> bool:
        """Whether a schedule is among them."""
        if name is None:
            return False
        begins_so = self.prefix is not None and name.startswith(self.prefix)
        return begins_so or name in self.schedules or any(tag in tags for tag in self.tags)


@dataclass(frozen=True)
class Channel:
    """Where notices go, and which. Of `url` and `to` there is one; `url` may hold references to secrets, as `secret`
    is one, with which a webhook is signed."""

    name: str
    kind: str
    url: str | None
    to: tuple[str, ...] | None
    secret: str | None
    events: tuple[str, ...]
    filter: Filter | None
    after_failures: int
    quiet_seconds: float
    slow_factor: float
    description: str
    source: str
    version: int
    created_at: datetime
    updated_at: datetime
    updated_by: str

    def is_about(self, schedule: str | None, tags: Collection[str]) -> bool:
        """Whether it is about a schedule, or about runs that have none."""
        return self.filter is None or self.filter.holds(schedule, tags)


_COLUMNS = (
    "name", "kind", "url", "recipients", "secret", "events", "filter", "after_failures", "quiet_seconds",
    "slow_factor", "description", "source", "version", "created_at", "updated_at", "updated_by",
)  # fmt: skip
_ALL = ", ".join(_COLUMNS)
_READ = f"SELECT {_ALL} FROM channels WHERE name = %(name)s"


def read_channel(connection: sa.Connection, name: str) -> Channel | None:
    """The channel of that name, as it is now; None for none."""
    return _channel_or_none(connection.exec_driver_sql(_READ, {"name": name}))


def lock_channel(connection: sa.Connection, name: str) -> Channel | None:
    """The same, locked."""
    return _channel_or_none(connection.exec_driver_sql(f"{_READ} FOR UPDATE", {"name": name}))


def write_alone(connection: sa.Connection) -> None:
    """Have other transactions that write channels wait for this one: what all need together is noted by each of them.
    For whoever has locked the channels that it writes; nobody who reads waits, nor who tells."""
    connection.exec_driver_sql("LOCK TABLE channels IN SHARE ROW EXCLUSIVE MODE")


def lock_channels(connection: sa.Connection) -> None:
    """Lock all of them, one after the other by name."""
    connection.exec_driver_sql("SELECT name FROM channels ORDER BY name FOR UPDATE")


_LIST = f"SELECT {_ALL} FROM channels WHERE name > %(after)s ORDER BY name LIMIT %(limit)s"


def list_channels(connection: sa.Connection, limit: int | None = None, after: str | None = None) -> Sequence[Channel]:
    """Channels by name; without a limit all."""
    rows = connection.exec_driver_sql(_LIST, {"after": after or "", "limit": limit})
    return [_channel(row) for row in rows]


_WRITTEN = ", ".join(_COLUMNS[1:])
_EXCLUDED = ", ".join(f"excluded.{name}" for name in _COLUMNS[1:])
_STORE = f"""
INSERT INTO channels ({_ALL}) SELECT {_ALL} FROM jsonb_populate_record(NULL::channels, %(row)s::jsonb -> 0)
ON CONFLICT (name) DO UPDATE SET ({_WRITTEN}) = ROW ({_EXCLUDED})
"""


def store_channel(connection: sa.Connection, channel: Channel) -> None:
    """Write a channel, in the place of the one of its name."""
    connection.exec_driver_sql(_STORE, {"row": as_json([_row(channel)])})


_DELETE = "DELETE FROM channels WHERE name = %(name)s"


def delete_channel(connection: sa.Connection, name: str) -> None:
    """Delete a channel, with what it knows and has been told."""
    connection.exec_driver_sql(_DELETE, {"name": name})
    connection.exec_driver_sql("DELETE FROM deliveries WHERE channel = %(name)s", {"name": name})


def _channel_or_none(rows: sa.CursorResult[Any]) -> Channel | None:
    row = rows.one_or_none()
    return None if row is None else _channel(row)


def _channel(row: sa.Row[Any]) -> Channel:
    values = dict(row._mapping)
    to, chosen = values.pop("recipients"), values.pop("filter")
    return Channel(
        **values
        | {
            "to": None if to is None else tuple(to),
            "events": tuple(values["events"]),
            "filter": None if chosen is None else filter_of(chosen),
        }
    )


def filter_of(chosen: Mapping[str, Any]) -> Filter:
    """A filter as it is written."""
    return Filter(chosen.get("prefix"), tuple(chosen.get("tags") or ()), tuple(chosen.get("schedules") or ()))


def _row(channel: Channel) -> dict[str, Any]:
    row = dict(vars(channel))
    return row | {"recipients": row.pop("to"), "filter": channel.filter and vars(channel.filter)}
