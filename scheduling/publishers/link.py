"""The link: a connection to RabbitMQ with a confirming channel, in a thread of its own, made again when it is lost."""

import itertools
import threading
import time
from collections.abc import Callable, Iterable
from itertools import takewhile
from typing import Any, Protocol

import structlog
from pika.adapters.select_connection import SelectConnection
from pika.exceptions import AMQPHeartbeatTimeout

from config.broker import connection_parameters
from config.sections import Amqp

log = structlog.get_logger("scheduling")

RECONNECT_SECONDS = 1


class User(Protocol):
    """Who uses a link. Everything here is called in the link's thread."""

    def on_confirm(self, frame: Any) -> None:
        """The broker has answered for messages: an Ack or a Nack."""
        ...

    def on_returned(self, channel: Any, method: Any, properties: Any, body: bytes) -> None:
        """A mandatory message had no queue to go to; its confirm comes after this."""
        ...

    def on_lost(self, reason: BaseException | None) -> None:
        """The channel is gone, with what was under way; its number of messages starts again. Without a reason the
        connection is gone too."""
        ...


def tags_of(answer: Any, waiting: Iterable[int]) -> list[int]:
    """The messages that an Ack or a Nack is about, of those that wait for one, which are in order."""
    tag = answer.method.delivery_tag
    return list(takewhile(lambda each: each <= tag, waiting)) if answer.method.multiple else [tag]


class Link:
    """Other threads look at `channel`, which is None while there is none, and hand over what is to be done with it."""

    def __init__(self, amqp: Amqp, user: User) -> None:
        self._addresses = itertools.cycle(connection_parameters(amqp))
        self._user = user
        self._connection: SelectConnection | None = None
        self.channel: Any = None
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)

    def start(self) -> None:
        """Connect, in the background."""
        self._thread.start()

    def close(self) -> None:
        """Close the connection and end the thread."""
        self._closing = True
        self.call(self._close_connection)
        self._thread.join(timeout=5)

    def call(self, function: Callable[[], None]) -> bool:
        """Have `function` run in the link's thread; False where there is no connection."""
        connection = self._connection
        if connection is None:
            return False
        connection.ioloop.add_callback_threadsafe(function)
        return True

    def give_up(self) -> None:
        """Drop a connection by which no answer comes, and make another: its node may hang, and others may not."""
        self.call(self._drop_connection)

    def _run(self) -> None:
        while not self._closing:
            try:
                connection = self._connect()
                connection.ioloop.start()
                connection.ioloop.close()
            except Exception:
                log.exception("publisher")
            self._connection = None
            self._lose_channel(None)
            if not self._closing:
                time.sleep(RECONNECT_SECONDS)

    def _connect(self) -> SelectConnection:
        self._connection = SelectConnection(
            next(self._addresses),  # after the one before was lost, or could not be reached
            on_open_callback=lambda opened: opened.channel(on_open_callback=self._on_channel),
            on_open_error_callback=self._on_connection_lost,
            on_close_callback=self._on_connection_lost,
        )
        return self._connection

    def _on_channel(self, channel: Any) -> None:
        channel.add_on_close_callback(self._on_channel_closed)
        channel.add_on_return_callback(self._user.on_returned)
        channel.confirm_delivery(self._user.on_confirm, callback=lambda _: self._on_ready(channel))

    def _on_ready(self, channel: Any) -> None:
        self.channel = channel
        log.info("connected", to="rabbitmq")

    def _on_channel_closed(self, channel: Any, reason: Exception) -> None:
        self._lose_channel(reason)
        if not self._closing and channel.connection.is_open:
            channel.connection.channel(on_open_callback=self._on_channel)

    def _on_connection_lost(self, connection: SelectConnection, reason: Any) -> None:
        if not self._closing:
            log.warning("disconnected", error=str(reason) or type(reason).__name__)
        connection.ioloop.stop()

    def _lose_channel(self, reason: BaseException | None) -> None:
        self.channel = None
        self._user.on_lost(reason)

    def _drop_connection(self) -> None:
        """As pika's heartbeats do: to close it properly is to wait for an answer."""
        if self._connection is not None and self._connection.is_open:
            self._connection._terminate_stream(AMQPHeartbeatTimeout("no confirm came"))

    def _close_connection(self) -> None:
        if self._connection is not None and self._connection.is_open:
            self._connection.close()
        elif self._connection is not None:
            self._connection.ioloop.stop()
