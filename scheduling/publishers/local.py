"""The publisher for queues inside one process, as `callsheet up` has them without RabbitMQ."""

from collections.abc import Sequence
from uuid import UUID

from dramatiq import Broker


class LocalPublisher:
    """Puts messages into the queues of a local broker."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def is_ready(self) -> bool:
        """Always."""
        return True

    def publish(self, messages: Sequence[tuple[UUID, str, bytes]]) -> set[UUID]:
        """Put (run id, queue, body) into their queues; the ids of those whose queue exists."""
        known = [message for message in messages if message[1] in self._broker.queues]
        for _, queue, body in known:
            self._broker.queues[queue].put(body)
        return {run_id for run_id, _, _ in known}

    def count_messages(self, queue: str) -> int | None:
        """Messages that wait in the queue."""
        found = self._broker.queues.get(queue)
        return None if found is None else found.qsize()
