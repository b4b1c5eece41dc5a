"""How many dead letters RabbitMQ has. Asking for a queue that is not there closes the channel, so this has a connection
of its own."""

import threading
import time
from queue import Empty, SimpleQueue
from typing import Any

import pika

from config.broker import queue_name
from config.sections import Amqp
from scheduling.publishers.link import Link

ANSWER_SECONDS = 5.0
CHANNEL_SECONDS = 2.0
LOOK_SECONDS = 0.02
NOT_FOUND = 404
NO_QUEUE = "no queue"
"""So RabbitMQ begins to say that there is none; what it has of one on a node that is down it does not say either."""

Answers = SimpleQueue[int | None]


class RabbitCounter:
    """Counts in RabbitMQ; for one thread. What it does on its link (`on_…`, `_ask`) runs in the thread of that."""

    def __init__(self, amqp: Amqp) -> None:
        self._amqp = amqp
        self._link = Link(amqp, self)
        self._answers: Answers = SimpleQueue()
        self._closing = threading.Event()

    def start(self) -> None:
        """Connect, in the background."""
        self._link.start()

    def close(self) -> None:
        """Close the connection."""
        self._closing.set()
        self._link.close()

    def count(self, queue: str) -> int | None:
        """Messages in the queue's .XQ, 0 where there is none; None if the broker does not say. Raises ConnectionError
        where it can't be asked."""
        answers = self._answers = SimpleQueue()
        if not self._has_channel() or not self._link.call(lambda: self._ask(queue, answers)):
            raise ConnectionError("there is no channel to RabbitMQ")
        try:
            return answers.get(timeout=ANSWER_SECONDS)
        except Empty:
            self._link.give_up()
            raise ConnectionError("RabbitMQ does not answer") from None

    def on_confirm(self, frame: Any) -> None:
        """Nothing: nothing is published."""

    def on_returned(self, channel: Any, method: Any, properties: Any, body: bytes) -> None:
        """Nothing: nothing is published."""

    def on_lost(self, reason: BaseException | None) -> None:
        """By a channel that is closed RabbitMQ says that there is no such queue."""
        is_answer = isinstance(reason, pika.exceptions.ChannelClosedByBroker) and reason.reply_code == NOT_FOUND
        self._answers.put(0 if is_answer and NO_QUEUE in str(reason) else None)

    def _has_channel(self) -> bool:
        """Whether there is one, within the time that another takes after one was closed."""
        deadline = time.monotonic() + CHANNEL_SECONDS
        while self._link.channel is None and time.monotonic() < deadline and not self._closing.wait(LOOK_SECONDS):
            pass
        return self._link.channel is not None

    def _ask(self, queue: str, answers: Answers) -> None:
        channel = self._link.channel
        if channel is None:
            answers.put(None)
            return
        name = f"{queue_name(self._amqp, queue)}.XQ"
        channel.queue_declare(name, passive=True, callback=lambda frame: answers.put(frame.method.message_count))
