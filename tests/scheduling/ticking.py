"""A ticker without a broker."""

from collections.abc import Sequence
from uuid import UUID

from scheduling.publish import Outgoing

POLL = 0.7


class FakePublisher:
    """Confirms whatever it is given."""

    def __init__(self) -> None:
        self.published: list[UUID] = []
        self.messages: list[Outgoing] = []

    def is_ready(self) -> bool:
        return True

    def publish(self, messages: Sequence[Outgoing]) -> set[UUID]:
        self.messages += messages
        self.published += [run for message in messages for run in message.runs]
        return {run for message in messages for run in message.runs}

    def count_messages(self, queue: str) -> int | None:
        return None
