"""The publisher for RabbitMQ: one connection in a thread of its own, confirms pipelined."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any
from uuid import UUID

import pika
import structlog
from pika.adapters.select_connection import SelectConnection

from config.broker import connection_parameters, queue_arguments, queue_name
from config.sections import Amqp

log = structlog.get_logger("scheduling")

PRECONDITION_FAILED = 406
RECONNECT_SECONDS = 1
DECLARE_SECONDS = 5
CONFIRM_SECONDS = 20
"""What is not confirmed by then counts as failed. The blocked-connection timeout is shorter."""


@dataclass
class _Batch:
    """Messages on their way: `waiting` maps delivery tags to runs until the broker has answered for each."""

    waiting: dict[int, UUID] = field(default_factory=dict)
    confirmed: set[UUID] = field(default_factory=set)
    sent: bool = False
    answered: threading.Event = field(default_factory=threading.Event)


class RabbitPublisher:
    """Publishes to RabbitMQ and waits for its confirms. Reconnects by itself; other threads take turns."""

    def __init__(self, amqp: Amqp) -> None:
        self._amqp = amqp
        self._connection: SelectConnection | None = None
        self._channel: Any = None
        self._next_tag = 1
        self._batch = _Batch()
        self._declared: set[str] = set()
        self._foreign: set[str] = set()
        self._declaring: str | None = None
        self._declared_or_lost = threading.Event()
        self._closing = False
        self._turn = threading.RLock()
        self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)

    def start(self) -> None:
        """Connect, in the background."""
        self._thread.start()

    def close(self) -> None:
        """Close the connection and end the thread."""
        self._closing = True
        self._call(self._close_connection)
        self._thread.join(timeout=5)

    def is_ready(self) -> bool:
        """Whether the channel is open."""
        return self._channel is not None

    def publish(self, messages: Sequence[tuple[UUID, str, bytes]]) -> set[UUID]:
        """Publish persistent messages (run id, queue, body); the ids that the broker confirmed and routed."""
        with self._turn:
            for queue in {queue for _, queue, _ in messages} - self._declared - self._foreign:
                self.count_messages(queue)
            batch = self._batch = _Batch()  # before the look at the channel: whoever loses it answers for the batch
            if self.is_ready() and self._call(lambda: self._send(batch, messages)):
                batch.answered.wait(CONFIRM_SECONDS)
            return set(batch.confirmed)

    def count_messages(self, queue: str) -> int | None:
        """Messages ready in the queue. Declaring it is how its count is asked for; it is made if it is missing."""
        counts: list[int] = []

        def take(frame: Any) -> None:
            counts.append(frame.method.message_count)
            self._declaring = None
            self._declared.add(queue)
            self._declared_or_lost.set()

        with self._turn:
            self._declared_or_lost.clear()
            if queue in self._foreign or not self.is_ready() or not self._call(lambda: self._declare(queue, take)):
                return None
            self._declared_or_lost.wait(DECLARE_SECONDS)
            return counts[0] if counts else None

    # What follows runs in the connection's thread.

    def _run(self) -> None:
        while not self._closing:
            try:
                connection = self._connect()
                connection.ioloop.start()
                connection.ioloop.close()
            except Exception:
                log.exception("publisher")
            self._connection = None
            self._forget_channel()
            if not self._closing:
                time.sleep(RECONNECT_SECONDS)

    def _connect(self) -> SelectConnection:
        self._connection = SelectConnection(
            connection_parameters(self._amqp),
            on_open_callback=lambda opened: opened.channel(on_open_callback=self._on_channel),
            on_open_error_callback=self._on_lost,
            on_close_callback=self._on_lost,
        )
        return self._connection

    def _on_channel(self, channel: Any) -> None:
        channel.add_on_close_callback(self._on_channel_closed)
        channel.add_on_return_callback(self._on_returned)
        channel.confirm_delivery(self._on_confirm, callback=lambda _: self._on_ready(channel))

    def _on_ready(self, channel: Any) -> None:
        self._next_tag = 1
        self._channel = channel
        log.info("connected", to="rabbitmq")

    def _on_channel_closed(self, channel: Any, reason: Exception) -> None:
        self._forget_channel()
        differs = isinstance(reason, pika.exceptions.ChannelClosedByBroker) and reason.reply_code == PRECONDITION_FAILED
        if self._declaring is not None and differs:
            log.error("queue-differs", queue=self._declaring, error=str(reason))
            self._foreign.add(self._declaring)
        self._declaring = None
        if not self._closing and channel.connection.is_open:
            channel.connection.channel(on_open_callback=self._on_channel)

    def _on_lost(self, connection: SelectConnection, reason: Any) -> None:
        if not self._closing:
            log.warning("disconnected", error=str(reason) or type(reason).__name__)
        connection.ioloop.stop()

    def _forget_channel(self) -> None:
        self._channel = None
        self._declared.clear()
        self._batch.answered.set()
        self._declared_or_lost.set()

    def _declare(self, queue: str, take: Callable[[Any], None]) -> None:
        if self._channel is not None:
            self._declaring = queue
            name = queue_name(self._amqp, queue)
            self._channel.queue_declare(name, durable=True, arguments=queue_arguments(self._amqp, name), callback=take)

    def _send(self, batch: _Batch, messages: Sequence[tuple[UUID, str, bytes]]) -> None:
        if self._channel is None:
            batch.answered.set()
            return
        batch.sent = True
        for run_id, queue, body in messages:
            batch.waiting[self._next_tag] = run_id
            self._next_tag += 1
            properties = pika.BasicProperties(delivery_mode=2, message_id=str(run_id))
            self._channel.basic_publish("", queue_name(self._amqp, queue), body, properties, mandatory=True)

    def _on_returned(self, _channel: Any, _method: Any, properties: Any, _body: bytes) -> None:
        """No queue: the queues are declared again before the next batch. The return comes before its confirm."""
        self._declared.clear()
        returned = UUID(properties.message_id)
        self._batch.waiting = {tag: run for tag, run in self._batch.waiting.items() if run != returned}

    def _on_confirm(self, frame: Any) -> None:
        waiting, tag = self._batch.waiting, frame.method.delivery_tag
        tags = list(takewhile(lambda each: each <= tag, waiting)) if frame.method.multiple else [tag]
        runs = {waiting.pop(each) for each in tags if each in waiting}
        if isinstance(frame.method, pika.spec.Basic.Ack):
            self._batch.confirmed |= runs
        if self._batch.sent and not waiting:
            self._batch.answered.set()

    def _close_connection(self) -> None:
        if self._connection is not None and self._connection.is_open:
            self._connection.close()
        elif self._connection is not None:
            self._connection.ioloop.stop()

    def _call(self, function: Callable[[], None]) -> bool:
        """Run `function` in the connection's thread; False where there is no connection."""
        connection = self._connection
        if connection is None:
            return False
        connection.ioloop.add_callback_threadsafe(function)
        return True
