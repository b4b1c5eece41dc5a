"""The brokers of a worker: RabbitMQ, and queues inside one process for `callsheet up`.

Both consume by claiming. Queue names are the plain ones everywhere in Python; the prefix is added at the wire.
"""

import os
import threading
from collections import defaultdict, deque
from functools import cached_property, partial
from typing import Any
from weakref import WeakSet

import pika
from dramatiq import Broker, Message
from dramatiq.broker import Consumer
from dramatiq.brokers.rabbitmq import RabbitmqBroker
from dramatiq.brokers.stub import StubBroker
from dramatiq.common import dq_name, q_name, xq_name
from dramatiq.errors import ConnectionClosed
from dramatiq.middleware import Middleware

from actors.worker.claiming.claims import claim_messages
from actors.worker.claiming.consumer import ClaimingConsumer, Deliveries, IdleConsumer
from actors.worker.claiming.dead_letters import QUEUE, WORKER, tell_people
from actors.worker.claiming.deliveries import LocalDeliveries, RabbitDeliveries
from actors.worker.claiming.hooks import OwnHooks
from actors.worker.claiming.messages import read_letter, refuse_unfit
from actors.worker.keeping.process import worker_process
from actors.worker.running.forks import is_child
from config.broker import (
    DEAD_MESSAGE_MILLISECONDS,
    PRECONDITION_FAILED,
    QUORUM,
    connection_parameters,
    queue_arguments,
    queue_name,
)
from config.sections import Amqp
from config.settings import get_settings
from models.words.refusals import Refused

ENQUEUE_ATTEMPTS = 3

DEAD_LETTERS = 1000
"""How many messages that could not be read or stored each queue inside a process keeps, the latest ones."""

MIGRATED_SECONDS = 1.0
"""In so long the keeper finds, where PostgreSQL answers, that nothing is missing."""

PREFETCH_VARIABLE = "dramatiq_queue_prefetch"
"""Dramatiq's own; it passes on the number, or a default if there is none."""


class RabbitBroker(OwnHooks, RabbitmqBroker):
    """Dramatiq's broker with confirmed publishing and claiming consumers.

    Without `amqp` it asks the settings of the process, not before it first sends or consumes. Then it raises
    SettingsError where they can't be used.
    """

    def __init__(self, middleware: list[Middleware], amqp: Amqp | None = None) -> None:
        super().__init__(confirm_delivery=True, middleware=middleware)
        del self.parameters  # of a RabbitMQ on this machine, which nobody has asked for
        self._given = amqp
        _rabbit_brokers.add(self)

    @cached_property
    def _amqp(self) -> Amqp:
        return self._given or get_settings("amqp.url").amqp

    @cached_property
    def parameters(self) -> list[pika.URLParameters]:  # type: ignore[override]  # it can be written all the same
        """Where and how to connect."""
        return connection_parameters(self._amqp)

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 5000) -> Consumer:
        """Consume a queue, declaring it first: it may have been deleted since it was declared last.

        Nothing comes from it while migrations are missing, and nothing that others could run is held here.
        """
        process = worker_process(self)
        if not process.is_migrated.wait(MIGRATED_SECONDS):
            return IdleConsumer(process.is_migrated, timeout)
        self.queues_pending.add(q_name(queue_name))
        try:
            self.declare_queue(queue_name, ensure=True)
        finally:
            del self.connection  # the consumer has a connection of its own
        wanted = partial(int, prefetch) if PREFETCH_VARIABLE in os.environ else process.held.prefetch
        read = partial(read_letter, queue=q_name(queue_name))
        origin = {QUEUE: queue_name, WORKER: str(process.id)}
        note = partial(tell_people, process, q_name(queue_name))
        name = self._wire_name(queue_name)
        deliveries = RabbitDeliveries(self.parameters, name, read, wanted, timeout, origin, note)
        return _claiming_consumer(self, queue_name, deliveries, timeout)

    def enqueue(self, message: Message[Any], *, delay: int | None = None) -> Message[Any]:
        """Send a message and wait for RabbitMQ's confirm. A delayed one carries its time, and waits as a row.

        Raises ConnectionClosed when RabbitMQ can't be reached, or does not take it, and ValueError for arguments that
        no row can hold, or an option of Dramatiq's that nobody carries out.
        """
        refuse_unfit(message)
        if delay is not None:
            eta = message.message_timestamp + delay
            message = message.copy(queue_name=dq_name(message.queue_name), options={"eta": eta})
        self.emit_before("enqueue", message, delay)
        for attempt in range(1, ENQUEUE_ATTEMPTS + 1):
            try:
                self.declare_queue(q_name(message.queue_name), ensure=True)
                self._publish(message)
                break
            except (pika.exceptions.AMQPConnectionError, pika.exceptions.AMQPChannelError) as error:
                del self.connection
                self.queues_pending.add(q_name(message.queue_name))
                if attempt == ENQUEUE_ATTEMPTS:
                    raise ConnectionClosed(error) from None
        self.emit_after("enqueue", message, delay)
        return message

    def begin_anew(self) -> None:
        """In a forked child: the connections are its parent's, and it must not even close them."""
        self.connections, self.channels, self.state = set(), set(), threading.local()

    def _publish(self, message: Message[Any]) -> None:
        properties = pika.BasicProperties(delivery_mode=2, message_id=message.message_id)
        self.channel.basic_publish(
            "", self._wire_name(message.queue_name), message.encode(), properties, mandatory=True
        )

    def _wire_name(self, queue: str) -> str:
        return queue_name(self._amqp, queue)

    def _declare_queue(self, queue_name: str) -> Any:
        return self._declare(self._wire_name(queue_name), self._wire_name(queue_name))

    def _declare_dq_queue(self, queue_name: str) -> Any:
        return self._declare(dq_name(self._wire_name(queue_name)), self._wire_name(queue_name))

    def _declare(self, name: str, canonical: str) -> Any:
        return self.channel.queue_declare(name, durable=True, arguments=queue_arguments(self._amqp, canonical))

    def _declare_xq_queue(self, queue_name: str) -> Any:
        """Nobody could consume while it can't be declared, as one that is on a single node while that is down. One that
        is such from before stays; so does a new one before RabbitMQ 3.10, whose quorum queues have no time to live."""
        name = xq_name(self._wire_name(queue_name))
        arguments: dict[str, object] = {"x-message-ttl": DEAD_MESSAGE_MILLISECONDS}
        if self._amqp.queue_type == "quorum":
            try:
                return self.channel.queue_declare(name, durable=True, arguments=arguments | QUORUM)
            except pika.exceptions.ChannelClosedByBroker as error:
                if error.reply_code != PRECONDITION_FAILED:
                    raise
                del self.channel
        return self.channel.queue_declare(name, durable=True, arguments=arguments)


class LocalBroker(OwnHooks, StubBroker):
    """Queues inside this process. What they forget at its end is in the rows, and is published again.

    `refused` holds what is no message or no row could, as it came, by the name that RabbitMQ's queue for it has.
    """

    def __init__(self, middleware: list[Middleware]) -> None:
        super().__init__(middleware)
        self.refused: defaultdict[str, deque[Refused]] = defaultdict(lambda: deque(maxlen=DEAD_LETTERS))

    def enqueue(self, message: Message[Any], *, delay: int | None = None) -> Message[Any]:
        """Put a message into its queue."""
        if is_child():
            raise RuntimeError("a forked process can send messages only where there is a RabbitMQ")
        refuse_unfit(message)
        return super().enqueue(message, delay=delay)

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 100) -> Consumer:
        """Consume a queue of this process."""
        read = partial(read_letter, queue=q_name(queue_name))
        note = partial(tell_people, worker_process(self), q_name(queue_name))
        deliveries = LocalDeliveries(self.queues[queue_name], self.refused[xq_name(queue_name)], read, note)
        return _claiming_consumer(self, queue_name, deliveries, timeout)


def _claiming_consumer(broker: Broker, queue: str, deliveries: Deliveries, timeout: int) -> Consumer:
    process = worker_process(broker)
    return ClaimingConsumer(deliveries, process, partial(claim_messages, broker, process, q_name(queue)), timeout)


def _begin_anew() -> None:
    for broker in _rabbit_brokers:
        broker.begin_anew()


_rabbit_brokers: WeakSet[RabbitBroker] = WeakSet()
os.register_at_fork(after_in_child=_begin_anew)
