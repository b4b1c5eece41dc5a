"""A subscriber: listens to the exchange of events for the whole of a chaos run, past all proxies, and keeps what it was
told and when its queue was gone."""

import json
import threading
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pika
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import AMQPError, ChannelClosedByBroker

EXCHANGE = "callsheet.events"
QUEUE = "chaos-events"
CONNECTION = "subscriber"

BIND_SECONDS = 60
_AGAIN_SECONDS = 0.5
_LOOK_SECONDS = 0.5
_UNACKNOWLEDGED = 200

Move = tuple[int, str]
"""An attempt, and the state that it was told to be in."""


class Subscriber:
    """Its thread alone appends to what it keeps. On a cluster its queue is on all nodes."""

    def __init__(self, url: str, *, is_replicated: bool = False) -> None:
        self._nodes = [_parameters(each) for each in url.split(";")]
        self._arguments = {"x-queue-type": "quorum"} if is_replicated else {}
        self._has_bound = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._listen_on, name="subscriber", daemon=True)
        self.ids: set[str] = set()
        self.moves: list[tuple[UUID, Move]] = []
        """Of runs, in the order in which they came, again where they came again."""
        self.odd: list[str] = []
        """What no event may be like, in words."""
        self.lost_at: list[datetime] = []
        """When its queue was not there any more: what was in it, nobody tells again."""

    def start(self) -> None:
        """Listen; returns when nothing can be missed any more."""
        self._thread.start()
        assert self._has_bound.wait(BIND_SECONDS), "the subscriber's queue is bound"

    def stop(self) -> None:
        """Listen no more."""
        self._stopping.set()
        self._thread.join()

    def _listen_on(self) -> None:
        while not self._stopping.is_set():
            try:
                with pika.BlockingConnection(self._nodes) as connection:
                    self._bind(connection)
                    self._listen(connection.channel())
            except (AMQPError, OSError):
                self._stopping.wait(_AGAIN_SECONDS)

    def _bind(self, connection: pika.BlockingConnection) -> None:
        if self._has_bound.is_set():
            try:
                connection.channel().queue_declare(QUEUE, passive=True)
            except ChannelClosedByBroker as error:
                if error.reply_code != 404:  # it is on a node that is away
                    raise
                self.lost_at.append(datetime.now(UTC))
        channel = connection.channel()
        channel.exchange_declare(EXCHANGE, "topic", durable=True)
        channel.queue_declare(QUEUE, durable=True, arguments=self._arguments)
        channel.queue_bind(QUEUE, EXCHANGE, "#")
        channel.close()
        self._has_bound.set()

    def _listen(self, channel: BlockingChannel) -> None:
        """Until it is stopped, or the queue is gone."""
        channel.basic_qos(prefetch_count=_UNACKNOWLEDGED)
        for method, properties, body in channel.consume(QUEUE, inactivity_timeout=_LOOK_SECONDS):
            if self._stopping.is_set():
                channel.cancel()
                channel.queue_delete(QUEUE)
                return
            if method is not None:
                self._keep(method.routing_key, properties, json.loads(body))
                channel.basic_ack(method.delivery_tag)

    def _keep(self, key: str, properties: pika.BasicProperties, event: dict[str, Any]) -> None:
        of, kind = event["data"], event["type"].removeprefix("callsheet.")
        if properties.message_id != event["id"] or not f"{key}.".startswith(f"{kind}."):
            self.odd.append(f"{event} came as {properties.message_id} by {key}")
        self.ids.add(event["id"])
        if not kind.startswith("run."):
            return
        if event["id"] != f"{of['run_id']}.{of['attempt']}.{of['state']}" or kind != f"run.{of['state']}":
            self.odd.append(f"{event} is not called by what it tells")
        self.moves.append((UUID(of["run_id"]), (of["attempt"], of["state"])))


def _parameters(url: str) -> pika.URLParameters:
    parameters = pika.URLParameters(url)
    parameters.heartbeat = 10
    parameters.socket_timeout = 5
    parameters.stack_timeout = 10
    parameters.client_properties = {"connection_name": CONNECTION}
    return parameters
