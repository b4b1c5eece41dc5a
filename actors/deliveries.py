"""Deliveries of RabbitMQ, and of the queues inside a process."""

import queue
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import pika
from dramatiq.errors import ConnectionClosed

_BROKEN = (AssertionError, pika.exceptions.AMQPConnectionError, pika.exceptions.AMQPChannelError)


class RabbitDeliveries:
    """One connection, one channel, one queue; used by the one thread that made it."""

    def __init__(self, parameters: pika.URLParameters, name: str, prefetch: int, timeout: int) -> None:
        self._name = name
        self._timeout_seconds = timeout / 1000
        self._iterator: Iterator[Any] | None = None
        self._newest_tag = 0
        with _connection_errors():
            self._connection = pika.BlockingConnection(parameters)
            self._channel = self._connection.channel()
            self._channel.basic_qos(prefetch_count=prefetch)

    def fetch(self, limit: int, seconds: float) -> Sequence[bytes]:
        """What has been delivered, `limit` bodies at most; waits for the first."""
        with _connection_errors():
            if self._iterator is None:
                self._iterator = self._channel.consume(
                    self._name, inactivity_timeout=min(seconds, self._timeout_seconds)
                )
            bodies: list[bytes] = []
            while len(bodies) < limit and (not bodies or self._channel.get_waiting_message_count()):
                delivered = next(self._iterator, None)
                if delivered is None and bodies:
                    break
                if delivered is None:
                    # The broker cancels a consumer whose queue is deleted: starting over declares the queue again.
                    raise ConnectionClosed(RuntimeError(f"the queue {self._name} was deleted"))
                method, _, body = delivered
                if method is None:
                    break
                self._newest_tag = method.delivery_tag
                bodies.append(body)
            return bodies

    def acknowledge(self) -> None:
        """Acknowledge all that was fetched, in one frame."""
        with _connection_errors():
            self._channel.basic_ack(self._newest_tag, multiple=True)

    def give_back(self) -> None:
        """Cancel the consumer; RabbitMQ delivers what was not fetched to others."""
        if self._iterator is not None:
            with _connection_errors():
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
    """A queue inside this process."""

    def __init__(self, messages: "queue.Queue[bytes]") -> None:
        self._messages = messages

    def fetch(self, limit: int, seconds: float) -> Sequence[bytes]:
        """What waits in the queue, `limit` bodies at most; waits for the first."""
        bodies: list[bytes] = []
        with suppress(queue.Empty):
            bodies.append(self._messages.get(timeout=seconds))
            while len(bodies) < limit:
                bodies.append(self._messages.get_nowait())
        return bodies

    def acknowledge(self) -> None:
        """Nothing: what is fetched has left the queue, and its run is a row."""

    def give_back(self) -> None:
        """Nothing: what is not fetched is still in the queue."""

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
