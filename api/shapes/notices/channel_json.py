"""Channels as the API takes and shows them."""

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa
from pydantic import BaseModel, Field

from api.web.fields import Moment
from models.notices.channels import Channel, list_channels
from models.notices.definition import ChannelDefinition
from models.schedules import StoredSchedule
from models.words.notices import ChannelKind, NoticeKind
from models.words.roles import Role
from scheduling.commands.channels.edit import hide


class ChannelBody(ChannelDefinition):
    """Where notices go, and which: `url`, of `email` `to`, is needed, all else has a default."""


class ChannelFilterJson(BaseModel):
    """Which schedules a channel is about: those to which any of it applies."""

    prefix: str | None
    tags: list[str]
    schedules: list[str]


class ChannelJson(BaseModel):
    """A channel. Only to admins `url` is shown whole; others see its host, as the rest is mostly a secret."""

    name: str
    description: str
    kind: ChannelKind
    url: str | None
    to: list[str] | None
    secret: str | None = Field(description="A reference; secrets themselves are with the workers alone.")
    events: list[NoticeKind]
    filter: ChannelFilterJson | None
    after_failures: int
    quiet_seconds: float
    slow_factor: float
    source: str
    version: int
    created_at: Moment = Field(description="It is told of nothing that was before.")
    updated_at: Moment
    updated_by: str


class ChannelPage(BaseModel):
    """Channels by name."""

    items: list[ChannelJson]
    next: str | None


class ToldChannelJson(BaseModel):
    """A channel that is told about a schedule, and of what."""

    name: str
    kind: ChannelKind
    description: str
    url: str | None = Field(description="Where it is, without what may be a secret.")
    to: list[str] | None
    events: list[NoticeKind] = Field(description="`late` only where the schedule has `notify_late_seconds`.")
    after_failures: int
    quiet_seconds: float
    slow_factor: float


class ToldChannelsJson(BaseModel):
    """Who is told about a schedule, by name."""

    items: list[ToldChannelJson]


def show_channel(channel: Channel, role: Role) -> ChannelJson:
    """A channel as somebody of that role may see it."""
    columns = _shown(channel)
    if role >= Role.ADMIN:
        columns["url"] = channel.url
    return ChannelJson(**columns)


def told_about(connection: sa.Connection, schedule: StoredSchedule) -> list[ToldChannelJson]:
    """Who is told about a schedule, and of what, by name."""
    events = set(NoticeKind) - ({NoticeKind.LATE} if schedule.notify_late_seconds is None else set())
    found = [each for each in list_channels(connection) if each.is_about(schedule.name, schedule.tags)]
    return [told for told in (_show_told(each, events) for each in found) if told.events]


def _show_told(channel: Channel, events: Collection[str]) -> ToldChannelJson:
    columns = _shown(channel) | {"events": [event for event in channel.events if event in events]}
    return ToldChannelJson(**{name: columns[name] for name in ToldChannelJson.model_fields})


def _shown(channel: Channel) -> dict[str, Any]:
    chosen = channel.filter and ChannelFilterJson.model_validate(channel.filter, from_attributes=True)
    return vars(channel) | {"url": hide(channel.url), "filter": chosen}
