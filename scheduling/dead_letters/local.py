"""How many dead letters there are of queues inside one process."""

from collections.abc import Mapping, Sized

from dramatiq.common import xq_name


class LocalCounter:
    """Counts in what a local broker keeps, by the names of the queues that RabbitMQ would have for it."""

    def __init__(self, kept: Mapping[str, Sized]) -> None:
        self._kept = kept

    def start(self) -> None:
        """Nothing: they are here."""

    def close(self) -> None:
        """Nothing."""

    def count(self, queue: str) -> int:
        """How many are kept of a queue."""
        return len(self._kept.get(xq_name(queue), ()))
