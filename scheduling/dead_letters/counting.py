"""Counting: a scheduling process looks now and then how many dead letters there are, for people to see. Nothing waits
for it."""

import threading
from contextlib import suppress
from typing import Protocol

import sqlalchemy as sa
import structlog

from models.dead_letters import note_counts, queues_to_count

log = structlog.get_logger("scheduling")

LOOK_SECONDS = 15.0


class Counter(Protocol):
    """Knows how many there are."""

    def start(self) -> None:
        """Get ready, in the background."""
        ...

    def close(self) -> None:
        """End; who waits for a count does not have to wait longer."""
        ...

    def count(self, queue: str) -> int | None:
        """How many a queue has; None if the broker does not say. Raises ConnectionError where it can't be asked."""
        ...


class Counting:
    """Counts in a thread of its own, beside scheduling. Several processes may: each notes what it finds."""

    def __init__(self, engine: sa.Engine, counter: Counter) -> None:
        self._engine = engine
        self._counter = counter
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._go_on, name="dead letters", daemon=True)

    def start(self) -> None:
        """Begin, in the background."""
        self._counter.start()
        self._thread.start()

    def close(self) -> None:
        """End after what is under way."""
        self._closing.set()
        self._counter.close()
        self._thread.join()

    def look(self) -> None:
        """Count, and note it. What the broker does not say stays as it was."""
        with self._engine.begin() as connection:
            queues = queues_to_count(connection)
        counts: dict[str, int] = {}
        with suppress(ConnectionError):
            for queue in queues:
                if (letters := self._counter.count(queue)) is not None:
                    counts[queue] = letters
        with self._engine.begin() as connection:
            note_counts(connection, counts)

    def _go_on(self) -> None:
        while not self._closing.is_set():
            try:
                self.look()
            except Exception:
                log.exception("dead-letters")
            self._closing.wait(LOOK_SECONDS)
