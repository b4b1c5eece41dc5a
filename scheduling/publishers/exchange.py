"""The exchange that events go to: messages in their order, confirms pipelined."""

import threading
from collections.abc import Sequence
from typing import Any, NamedTuple

import pika
import structlog

from config.sections import Amqp
from scheduling.publishers.link import Link, tags_of

log = structlog.get_logger("scheduling")

EXCHANGE = "callsheet.events"
CONFIRM_SECONDS = 10
ENDURING = 2


class Telling(NamedTuple):
    """A message to the exchange."""

    id: str
    routing_key: str
    body: bytes
    content_type: str


class _Batch:
    """Messages on their way: tags that the broker has not answered for yet."""

    def __init__(self) -> None:
        self.waiting: dict[int, None] = {}
        self.is_sent = False
        self.has_failed = False
        self.answered = threading.Event()


class EventExchange:
    """Publishes to the durable topic exchange `callsheet.events`, which it declares. For one thread at a time; what it
    does on its link (`on_…`, `_send`) runs in the thread of that."""

    def __init__(self, amqp: Amqp) -> None:
        self._name = f"{amqp.queue_prefix}{EXCHANGE}"
        self._link = Link(amqp, self)
        self._next_tag = 1
        self._is_declared = False
        self._batch = _Batch()

    def start(self) -> None:
        """Connect, in the background."""
        self._link.start()

    def close(self) -> None:
        """Close the connection."""
        self._link.close()

    def is_ready(self) -> bool:
        """Whether the channel is open."""
        return self._link.channel is not None

    def send(self, tellings: Sequence[Telling]) -> bool:
        """Publish them; whether the broker has all. If not, any of them may have arrived."""
        batch = self._batch = _Batch()
        if not tellings:
            return True
        if self._link.channel is None or not self._link.call(lambda: self._send(batch, tellings)):
            return False
        if not batch.answered.wait(CONFIRM_SECONDS):
            self._link.give_up()
            return False
        return not batch.has_failed

    def on_confirm(self, frame: Any) -> None:
        """Note what the broker has taken."""
        batch = self._batch
        for tag in tags_of(frame, batch.waiting):
            batch.waiting.pop(tag, None)
        if not isinstance(frame.method, pika.spec.Basic.Ack):
            batch.has_failed = True
        if batch.is_sent and not batch.waiting:
            batch.answered.set()

    def on_returned(self, _channel: Any, _method: Any, _properties: Any, _body: bytes) -> None:
        """Nobody listens: events are not mandatory, so this does not come."""

    def on_lost(self, reason: BaseException | None) -> None:
        """Answer for what is under way."""
        if reason is not None:
            log.error("exchange", error=str(reason))
        self._next_tag = 1
        self._is_declared = False
        self._batch.has_failed = True
        self._batch.answered.set()

    def _send(self, batch: _Batch, tellings: Sequence[Telling]) -> None:
        channel = self._link.channel
        if channel is None:
            batch.has_failed = True
            batch.answered.set()
            return
        if not self._is_declared:  # on one channel, so it is there before the first message comes
            channel.exchange_declare(self._name, exchange_type="topic", durable=True)
            self._is_declared = True
        for telling in tellings:
            batch.waiting[self._next_tag] = None
            self._next_tag += 1
            properties = pika.BasicProperties(
                delivery_mode=ENDURING, message_id=telling.id, content_type=telling.content_type
            )
            channel.basic_publish(self._name, telling.routing_key, telling.body, properties)
        batch.is_sent = True
        if not batch.waiting:
            batch.answered.set()
