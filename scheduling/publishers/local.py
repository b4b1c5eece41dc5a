"""The publisher for queues inside one process, as `callsheet up` has them without RabbitMQ."""

from collections.abc import Sequence
from uuid import UUID

from dramatiq import Broker

from scheduling.publish import Outgoing


class LocalPublisher:
    """Puts messages into the queues of a local broker."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def is_ready(self) -> bool:
        """Always."""
        return True

    def publish(self, messages: Sequence[Outgoing]) -> set[UUID]:
        """Put messages into their queues; the ids of the runs of those whose queue exists."""
        known = [message for message in messages if message.queue in self._broker.queues]
        for message in known:
            self._broker.queues[message.queue].put(message.body)
        return {run for message in known for run in message.runs}

    def count_messages(self, queue: str) -> int | None:
        """Messages that wait in the queue."""
        found = self._broker.queues.get(queue)
        return None if found is None else found.qsize()
