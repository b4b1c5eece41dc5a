"""Channels: list, get, put, delete, test, what they have been told, and who is told about a schedule."""

import sqlalchemy as sa

from api.shapes.notices.channel_json import (
    ChannelBody,
    ChannelJson,
    ChannelPage,
    ToldChannelsJson,
    show_channel,
    told_about,
)
from api.shapes.notices.delivery_json import DeliveryJson, DeliveryPage, show_delivery
from api.shapes.schedule_body import Nothing
from api.shapes.schedule_json import schedule_or_404
from api.web.fields import ById, ByName, page_of
from api.web.routes import Answer, Call, Route
from models.notices import channels
from models.notices.channels import Channel
from models.notices.deliveries import get_delivery
from models.notices.deliveries import list_deliveries as read_deliveries
from models.words.roles import Role
from scheduling.commands.channels import edit
from scheduling.commands.channels.trial import try_channel
from scheduling.commands.faults import NotFound

ONE = "/v1/channels/{name}"


def list_channels(call: Call, query: ByName) -> Answer:
    """List the channels that notices go through."""
    with call.engine.connect() as connection:
        rows = channels.list_channels(connection, query.limit + 1, query.cursor)
    items, cursor = page_of(rows, query.limit, lambda row: show_channel(row, _role(call)), lambda last: last.name)
    return Answer(ChannelPage(items=items, next=cursor))


def get_channel(call: Call) -> Answer:
    """Get a channel."""
    with call.engine.connect() as connection:
        return Answer(show_channel(_channel_or_404(connection, call.params["name"]), _role(call)))


def put_channel(call: Call, body: ChannelBody) -> Answer:
    """Create a channel, or replace it. It is told of what happens from now on."""
    name = call.params["name"]
    with call.engine.begin() as connection:
        channel, is_new = edit.put(connection, name, body, call.by)
    headers = {"Location": f"/v1/channels/{name}"} if is_new else {}
    return Answer(show_channel(channel, _role(call)), 201 if is_new else 200, headers)


def delete_channel(call: Call) -> Answer:
    """Delete a channel, with the list of what it has been told. What is on its way to it is not told any more."""
    with call.engine.begin() as connection:
        edit.delete(connection, edit.lock(connection, call.params["name"]), call.by)
    return Answer(status=204)


def test_channel(call: Call, body: Nothing) -> Answer:
    """Send a notice that says nothing but that the channel works.

    The answer is its delivery, which goes on in the background.
    """
    with call.engine.begin() as connection:
        channel = edit.lock(connection, call.params["name"])
        run = try_channel(connection, channel, call.by)
        return Answer(show_delivery(get_delivery(connection, channel.name, run)), 202, {"Location": f"/v1/runs/{run}"})


def list_deliveries(call: Call, query: ById) -> Answer:
    """List what a channel has been told, the newest first, and how far each is."""
    with call.engine.connect() as connection:
        channel = _channel_or_404(connection, call.params["name"])
        rows = read_deliveries(connection, channel.name, query.limit + 1, query.cursor)
    items, cursor = page_of(rows, query.limit, show_delivery, lambda last: last.id)
    return Answer(DeliveryPage(items=items, next=cursor))


def list_channels_of_schedule(call: Call) -> Answer:
    """Say who is told about a schedule, and of what."""
    with call.engine.connect() as connection:
        schedule = schedule_or_404(connection, call.params["name"])
        return Answer(ToldChannelsJson(items=told_about(connection, schedule)))


ROUTES = (
    Route("GET", "/v1/channels", list_channels, Role.VIEWER, {200: ChannelPage}),
    Route("GET", ONE, get_channel, Role.VIEWER, {200: ChannelJson}),
    Route("PUT", ONE, put_channel, Role.ADMIN, {200: ChannelJson, 201: ChannelJson}),
    Route("DELETE", ONE, delete_channel, Role.ADMIN, {204: None}),
    Route("POST", f"{ONE}/test", test_channel, Role.ADMIN, {202: DeliveryJson}),
    Route("GET", f"{ONE}/deliveries", list_deliveries, Role.VIEWER, {200: DeliveryPage}),
    Route("GET", "/v1/schedules/{name}/channels", list_channels_of_schedule, Role.VIEWER, {200: ToldChannelsJson}),
)


def _channel_or_404(connection: sa.Connection, name: str) -> Channel:
    channel = channels.read_channel(connection, name)
    if channel is None:
        raise NotFound("channel")
    return channel


def _role(call: Call) -> Role:
    assert call.caller is not None, "the route declares a role"
    return call.caller.role
