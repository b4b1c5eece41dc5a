"""Deliveries of RabbitMQ, and of the queues inside a process."""

import queue
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, MutableSequence, Sequence
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

import pika
from dramatiq.common import xq_name
from dramatiq.errors import ConnectionClosed

from actors.worker.claiming.dead_letters import Note, RabbitDeadLetters, nobody
from actors.worker.claiming.messages import Letter
from actors.worker.claiming.parting import Parting, Read
from models.words.refusals import Refused

_BROKEN = (AssertionError, pika.exceptions.AMQPConnectionError, pika.exceptions.AMQPChannelError)


_NOWHERE: Mapping[str, str] = {}


class _Delivery(NamedTuple):
    tag: int
    body: bytes
    properties: pika.BasicProperties


class RabbitDeliveries:
    """One connection, one channel, one queue; used by the one thread that made it.

    `prefetch` tells how many runs are wanted ahead; it may change. A bundle of which a part is taken stays the
    first delivered until the rest is. Dead letters have the headers `origin`, and `note` is told of them.
    """

    def __init__(
        self,
        parameters: Sequence[pika.URLParameters],
        name: str,
        read: Read,
        prefetch: Callable[[], int],
        timeout: int,
        origin: Mapping[str, str] = _NOWHERE,
        note: Note = nobody,
    ) -> None:
        self._name = name
        self._prefetch = prefetch
        self._prefetched = 0
        self._timeout_seconds = timeout / 1000
        self._iterator: Iterator[Any] | None = None
        self._delivered: deque[_Delivery] = deque()
        self._parting = Parting(read)
        self._taken: list[_Delivery] = []
        self._refused: dict[bytes, Refused] = {}
        with _connection_errors():
            self._connection = pika.BlockingConnection(parameters)
            self._channel = self._connection.channel()
        self._dead = RabbitDeadLetters(self._connection, xq_name(name), origin, note)

    def wait(self, seconds: float) -> bool:
        """Gather what has been delivered; waits for the first up to `seconds`."""
        wanted = self._wanted()
        if self._prefetch() < self._prefetched or (wanted != self._prefetched and not self._delivered):
            self.give_back()  # RabbitMQ asks a consumer but once
        with _connection_errors():
            if self._iterator is None:
                longest = min(seconds, self._timeout_seconds)
                self._prefetched = wanted
                self._channel.basic_qos(prefetch_count=self._prefetched)
                self._iterator = self._channel.consume(self._name, inactivity_timeout=longest)
            while not self._delivered or self._channel.get_waiting_message_count():
                delivered = next(self._iterator, None)
                if delivered is None and not self._delivered:
                    # The broker cancels a consumer whose queue is deleted: starting over declares the queue again.
                    raise ConnectionClosed(RuntimeError(f"the queue {self._name} was deleted"))
                if delivered is None or delivered[0] is None:
                    break
                self._delivered.append(_Delivery(delivered[0].delivery_tag, delivered[2], delivered[1]))
        return bool(self._delivered)

    def take(self, limit: int) -> Sequence[Letter]:
        """What was delivered first."""
        letters: list[Letter] = []
        while self._delivered and (letter := self._parting.next(self._delivered[0].body, limit, bool(letters))):
            letters.append(letter)
            limit -= letter.size
            if not self._parting.has_rest:
                self._taken.append(self._delivered.popleft())
        return letters

    def parted_seconds(self) -> float:
        """How long a bundle has been here of which a part was taken."""
        return self._parting.seconds()

    def took_in_vain(self) -> None:
        """Of what was taken nothing was to be had."""
        self._parting.begin_anew()

    def acknowledge(self, refused: Collection[Refused] = ()) -> None:
        """Acknowledge all that was taken whole, in one frame where nothing of it is refused. What is refused goes to
        the queue's .XQ before it is acknowledged, and after the others are: it holds up none."""
        taken, self._taken = self._taken, []
        self._refused |= {each.body: each for each in refused}  # or a part of a bundle, whose rest is still to come
        try:
            with _connection_errors():
                if self._refused:
                    self._acknowledge_each(taken)
                elif taken:
                    self._channel.basic_ack(taken[-1].tag, multiple=True)
        except ConnectionClosed:
            self.close()  # RabbitMQ may have refused but a dead letter: by this it delivers that again
            raise
        finally:
            self._dead.tell()

    def give_back(self) -> None:
        """Cancel the consumer; RabbitMQ delivers what was not taken to others."""
        with _connection_errors():
            if self._delivered:
                self._channel.basic_nack(self._delivered[-1].tag, multiple=True, requeue=True)
                self._delivered.clear()
                self._parting.forget()
                self._refused.clear()
            if self._iterator is not None:
                self._channel.cancel()
                self._iterator = None

    def _acknowledge_each(self, taken: Sequence[_Delivery]) -> None:
        for each in sorted(taken, key=lambda each: each.body in self._refused):
            if each.body in self._refused:
                self._dead.put(self._refused[each.body], each.properties)
            self._channel.basic_ack(each.tag)
        for each in taken:
            self._refused.pop(each.body, None)

    def _wanted(self) -> int:
        """How many deliveries; RabbitMQ counts those."""
        return max(1, self._prefetch() // self._parting.largest)

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

    def __init__(
        self, messages: "queue.Queue[bytes]", dead: MutableSequence[Refused], read: Read, note: Note = nobody
    ) -> None:
        self._messages = messages
        self._dead = dead
        self._note = note
        self._first: deque[bytes] = deque()
        self._parting = Parting(read)

    def wait(self, seconds: float) -> bool:
        """Wait for a first message."""
        return self._has_first(seconds)

    def take(self, limit: int) -> Sequence[Letter]:
        """What waits in the queue."""
        letters: list[Letter] = []
        while limit > 0 and self._has_first() and (letter := self._parting.next(self._first[0], limit, bool(letters))):
            letters.append(letter)
            limit -= letter.size
            if not self._parting.has_rest:
                self._first.popleft()
        return letters

    def parted_seconds(self) -> float:
        """How long a bundle has been here of which a part was taken."""
        return self._parting.seconds()

    def took_in_vain(self) -> None:
        """Of what was taken nothing was to be had."""
        self._parting.begin_anew()

    def acknowledge(self, refused: Collection[Refused] = ()) -> None:
        """What is taken has left the queue, and its run is a row; what is refused is kept."""
        if refused:
            self._dead.extend(refused)
            self._note([*refused])

    def give_back(self) -> None:
        """Put back what was not taken."""
        while self._first:
            self._messages.put(self._first.popleft())
        self._parting.forget()

    def idle(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)

    def close(self) -> None:
        """Nothing: the queue lives as long as the process."""

    def _has_first(self, seconds: float = 0) -> bool:
        if not self._first:
            with suppress(queue.Empty):
                self._first.append(self._messages.get(block=seconds > 0, timeout=seconds))
        return bool(self._first)


@contextmanager
def _connection_errors() -> Iterator[None]:
    try:
        yield
    except _BROKEN as error:
        raise ConnectionClosed(error) from None
