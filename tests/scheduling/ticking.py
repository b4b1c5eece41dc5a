"""A ticker without a broker."""

from collections.abc import Sequence
from uuid import UUID

POLL = 0.7


class FakePublisher:
    """Confirms whatever it is given."""

    def __init__(self) -> None:
        self.published: list[UUID] = []

    def is_ready(self) -> bool:
        return True

    def publish(self, messages: Sequence[tuple[UUID, str, bytes]]) -> set[UUID]:
        self.published += [run for run, _, _ in messages]
        return {run for run, _, _ in messages}

    def count_messages(self, queue: str) -> int | None:
        return None
