"""The publisher for RabbitMQ: messages in batches, their confirms pipelined."""

import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pika
import structlog

from config.broker import PRECONDITION_FAILED, queue_arguments, queue_name
from config.sections import Amqp
from scheduling.publish import Outgoing
from scheduling.publishers.link import Link, tags_of

log = structlog.get_logger("scheduling")

FOREIGN_SECONDS = 60
"""A queue that was refused is declared again after this time, and on a new connection: somebody may have mended it."""

DECLARE_SECONDS = 5
CONFIRM_SECONDS = 8
"""What is not confirmed by then counts as failed, and is sent again: before a publisher's lease runs out."""


@dataclass
class _Batch:
    """Messages on their way: `waiting` maps delivery tags to their runs until the broker has answered for each."""

    waiting: dict[int, tuple[UUID, ...]] = field(default_factory=dict)
    confirmed: set[UUID] = field(default_factory=set)
    sent: bool = False
    answered: threading.Event = field(default_factory=threading.Event)


class RabbitPublisher:
    """Publishes to RabbitMQ and waits for its confirms. Threads that use it take turns.

    What it does on its link (`on_…`, `_declare`, `_send`) runs in the thread of that.
    """

    def __init__(self, amqp: Amqp) -> None:
        self._amqp = amqp
        self._link = Link(amqp, self)
        self._next_tag = 1
        self._batch = _Batch()
        self._declared: set[str] = set()
        self._foreign: dict[str, float] = {}
        self._declaring: str | None = None
        self._declared_or_lost = threading.Event()
        self._turn = threading.RLock()

    def start(self) -> None:
        """Connect, in the background."""
        self._link.start()

    def close(self) -> None:
        """Close the connection."""
        self._link.close()

    def is_ready(self) -> bool:
        """Whether the channel is open."""
        return self._link.channel is not None

    def publish(self, messages: Sequence[Outgoing]) -> set[UUID]:
        """Publish persistent messages; the ids of the runs whose messages the broker confirmed and routed."""
        with self._turn:
            for queue in {message.queue for message in messages} - self._declared:
                self.count_messages(queue)
            batch = self._batch = _Batch()  # before the look at the channel: whoever loses it answers for the batch
            sent = self.is_ready() and self._link.call(lambda: self._send(batch, messages))
            if sent and not batch.answered.wait(CONFIRM_SECONDS) and not batch.confirmed:
                self._link.give_up()
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
            if (
                self._is_foreign(queue)
                or not self.is_ready()
                or not self._link.call(lambda: self._declare(queue, take))
            ):
                return None
            self._declared_or_lost.wait(DECLARE_SECONDS)
            return counts[0] if counts else None

    def on_confirm(self, frame: Any) -> None:
        """Note what the broker has taken."""
        waiting = self._batch.waiting
        runs = {run for tag in tags_of(frame, waiting) for run in waiting.pop(tag, ())}
        if isinstance(frame.method, pika.spec.Basic.Ack):
            self._batch.confirmed |= runs
        if self._batch.sent and not waiting:
            self._batch.answered.set()

    def on_returned(self, _channel: Any, _method: Any, properties: Any, _body: bytes) -> None:
        """No queue: the queues are declared again before the next batch."""
        self._declared.clear()
        returned = UUID(properties.message_id)
        self._batch.waiting = {tag: runs for tag, runs in self._batch.waiting.items() if runs[0] != returned}

    def on_lost(self, reason: BaseException | None) -> None:
        """Answer for what is under way. A queue whose declaration closed the channel is somebody else's; without a
        reason it is the connection that is gone."""
        differs = isinstance(reason, pika.exceptions.ChannelClosedByBroker) and reason.reply_code == PRECONDITION_FAILED
        if self._declaring is not None and differs:
            log.error("queue-differs", queue=self._declaring, error=str(reason))
            self._foreign[self._declaring] = time.monotonic()
        elif reason is None:
            self._foreign.clear()
        self._declaring = None
        self._next_tag = 1
        self._declared.clear()
        self._batch.answered.set()
        self._declared_or_lost.set()

    def _is_foreign(self, queue: str) -> bool:
        """Whether it was refused lately."""
        return time.monotonic() - self._foreign.get(queue, -math.inf) < FOREIGN_SECONDS

    def _declare(self, queue: str, take: Callable[[Any], None]) -> None:
        if self._link.channel is not None:
            self._declaring = queue
            name = queue_name(self._amqp, queue)
            arguments = queue_arguments(self._amqp, name)
            self._link.channel.queue_declare(name, durable=True, arguments=arguments, callback=take)

    def _send(self, batch: _Batch, messages: Sequence[Outgoing]) -> None:
        channel = self._link.channel
        if channel is None:
            batch.answered.set()
            return
        batch.sent = True
        for runs, queue, body in messages:
            batch.waiting[self._next_tag] = runs
            self._next_tag += 1
            properties = pika.BasicProperties(delivery_mode=2, message_id=str(runs[0]))
            channel.basic_publish("", queue_name(self._amqp, queue), body, properties, mandatory=True)
