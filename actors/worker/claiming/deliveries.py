"""Deliveries of RabbitMQ, and of the queues inside a process."""

import queue
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator, MutableSequence, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import pika
from dramatiq.errors import ConnectionClosed

_BROKEN = (AssertionError, pika.exceptions.AMQPConnectionError, pika.exceptions.AMQPChannelError)


class RabbitDeliveries:
    """One connection, one channel, one queue; used by the one thread that made it.

    `prefetch` tells how many deliveries are wanted ahead; it may change.
    """

    def __init__(self, parameters: pika.URLParameters, name: str, prefetch: Callable[[], int], timeout: int) -> None:
        self._name = name
        self._prefetch = prefetch
        self._prefetched = 0
        self._timeout_seconds = timeout / 1000
        self._iterator: Iterator[Any] | None = None
        self._delivered: deque[tuple[int, bytes]] = deque()
        self._taken: list[tuple[int, bytes]] = []
        with _connection_errors():
            self._connection = pika.BlockingConnection(parameters)
            self._channel = self._connection.channel()

    def wait(self, seconds: float) -> bool:
        """Gather what has been delivered; waits for the first up to `seconds`."""
        wanted = self._prefetch()
        if wanted < self._prefetched or (wanted > self._prefetched and not self._delivered):
            self.give_back()  # RabbitMQ asks a consumer but once
        with _connection_errors():
            if self._iterator is None:
                longest = min(seconds, self._timeout_seconds)
                self._prefetched = self._prefetch()
                self._channel.basic_qos(prefetch_count=self._prefetched)
                self._iterator = self._channel.consume(self._name, inactivity_timeout=longest)
            while not self._delivered or self._channel.get_waiting_message_count():
                delivered = next(self._iterator, None)
                if delivered is None and not self._delivered:
                    # The broker cancels a consumer whose queue is deleted: starting over declares the queue again.
                    raise ConnectionClosed(RuntimeError(f"the queue {self._name} was deleted"))
                if delivered is None or delivered[0] is None:
                    break
                self._delivered.append((delivered[0].delivery_tag, delivered[2]))
        return bool(self._delivered)

    def take(self, limit: int) -> Sequence[bytes]:
        """The bodies delivered first."""
        taken = [self._delivered.popleft() for _ in range(min(limit, len(self._delivered)))]
        self._taken += taken
        return [body for _, body in taken]

    def acknowledge(self, refused: Collection[bytes] = ()) -> None:
        """Acknowledge all that was taken, in one frame. What is refused goes to the queue's .XQ before that, and the
        frame names the last that is not: a tag that has had its answer closes the channel."""
        taken, self._taken = self._taken, []
        with _connection_errors():
            for tag in [tag for tag, body in taken if body in refused]:
                self._channel.basic_reject(tag, requeue=False)
            if accepted := [tag for tag, body in taken if body not in refused]:
                self._channel.basic_ack(accepted[-1], multiple=True)

    def give_back(self) -> None:
        """Cancel the consumer; RabbitMQ delivers what was not taken to others."""
        with _connection_errors():
            if self._delivered:
                self._channel.basic_nack(self._delivered[-1][0], multiple=True, requeue=True)
                self._delivered.clear()
            if self._iterator is not None:
                self._channel.cancel()
                self._iterator = None

    def idle(self, seconds: float) -> None:
        """Wait, answering heartbeats."""
        with _connection_errors():
            self._connection.process_data_events(time_limit=seconds)

    def close(self) -> None:
        """Close the connection."""
        with suppress(*_BROKEN):
            self._connection.close()


class LocalDeliveries:
    """A queue inside this process, and its dead letters."""

    def __init__(self, messages: "queue.Queue[bytes]", dead: MutableSequence[bytes]) -> None:
        self._messages = messages
        self._dead = dead
        self._first: list[bytes] = []

    def wait(self, seconds: float) -> bool:
        """Wait for a first message."""
        if not self._first:
            with suppress(queue.Empty):
                self._first.append(self._messages.get(timeout=seconds))
        return bool(self._first)

    def take(self, limit: int) -> Sequence[bytes]:
        """What waits in the queue."""
        if limit < 1:
            return []
        bodies, self._first = self._first, []
        with suppress(queue.Empty):
            while len(bodies) < limit:
                bodies.append(self._messages.get_nowait())
        return bodies

    def acknowledge(self, refused: Collection[bytes] = ()) -> None:
        """What is taken has left the queue, and its run is a row; what is refused is kept."""
        self._dead.extend(refused)

    def give_back(self) -> None:
        """Put back what was not taken."""
        for body in self._first:
            self._messages.put(body)
        self._first = []

    def idle(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)

    def close(self) -> None:
        """Nothing: the queue lives as long as the process."""


@contextmanager
def _connection_errors() -> Iterator[None]:
    try:
        yield
    except _BROKEN as error:
        raise ConnectionClosed(error) from None
