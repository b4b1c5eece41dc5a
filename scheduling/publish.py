"""Publish: hand due runs to the broker, confirmed, and mark them queued.

A run is queued and leased before it is published. The lease ends a while after the confirm, in a statement for many: a
process that dies before leaves one that runs out, and the run is published again. A publish error is ambiguous, so the
run is published again too. Claims remove duplicates.

Each statement here stands for itself: the engine may be in autocommit mode.
"""

import threading
import time
from collections.abc import Sequence
from functools import cache
from typing import Any, Protocol
from uuid import UUID

import sqlalchemy as sa
import structlog
from dramatiq import Message

from models.lifecycle.publishing import (
    LeasedRun,
    note_confirmed,
    queues_with_stale_runs,
    release_runs,
    take_publishable_runs,
    take_vanished_runs,
)

log = structlog.get_logger("scheduling")

NOTE_SECONDS = 1.0
"""How late a confirm is noted: by then most runs have been claimed, and need no note."""

_ID = b"00000000-0000-0000-0000-000000000000"
"""Stands for the run's id in a body that is encoded for many."""


class Publisher(Protocol):
    """A way to the broker."""

    def is_ready(self) -> bool:
        """Whether publishing has a chance just now."""
        ...

    def publish(self, messages: Sequence[tuple[UUID, str, bytes]]) -> set[UUID]:
        """Publish (run id, queue, body) and wait; returns the ids that the broker has confirmed."""
        ...

    def count_messages(self, queue: str) -> int | None:
        """Messages that wait in the queue, which is made if it is not there; None if the broker does not say."""
        ...


class Publishing:
    """Publishes by one publisher, and remembers what is confirmed and not noted yet. Any thread may use it."""

    def __init__(self, engine: sa.Engine, publisher: Publisher) -> None:
        self._engine = engine
        self.publisher = publisher
        self._confirmed: list[LeasedRun] = []
        self._since = 0.0
        self._lock = threading.Lock()

    def is_ready(self) -> bool:
        """Whether publishing has a chance just now."""
        return self.publisher.is_ready()

    def publish_due(self, limit: int, window: int) -> int:
        """Publish up to `limit` due runs; how many were confirmed."""
        if not self.publisher.is_ready():
            return 0
        with self._engine.begin() as connection:
            runs = take_publishable_runs(connection, limit, window)
        return self.publish(runs)

    def publish(self, runs: Sequence[LeasedRun]) -> int:
        """Publish runs that are leased for it, in this order; how many were confirmed."""
        if not runs:
            return 0
        began = time.monotonic()
        confirmed = self.publisher.publish(_encode(runs))
        self._remember([run for run in runs if run.id in confirmed], began)
        if unconfirmed := [run for run in runs if run.id not in confirmed]:
            with self._engine.begin() as connection:
                release_runs(connection, unconfirmed)
        log.info("publish", runs=len(confirmed), unconfirmed=len(unconfirmed))
        self.note_confirmed()  # now, where that has taken long
        return len(confirmed)

    def republish_vanished(self, after_seconds: float, limit: int) -> int:
        """Publish queued runs again whose publisher has died, or whose messages are gone: queued for long, and their
        queue is empty, or they have been overtaken."""
        if not self.publisher.is_ready():
            return 0
        with self._engine.begin() as connection:
            queues = queues_with_stale_runs(connection, after_seconds)
        republished = 0
        for queue in queues:
            is_empty = self.publisher.count_messages(queue) == 0
            with self._engine.begin() as connection:
                runs = take_vanished_runs(connection, queue, after_seconds, limit, is_empty=is_empty)
            if runs:
                confirmed = self.publish(runs)
                log.warning("republish", queue=queue, runs=confirmed)
                republished += confirmed
                if not confirmed:
                    break  # nor would the next: others have their turn before it is tried again
        return republished

    def note_confirmed(self, after_seconds: float = NOTE_SECONDS) -> None:
        """Note what has been confirmed, once the first of it was sent so long ago. What fails is tried again."""
        with self._lock:
            if not self._confirmed or time.monotonic() - self._since < after_seconds:
                return
            runs, self._confirmed = self._confirmed, []
        try:
            with self._engine.begin() as connection:
                note_confirmed(connection, runs)
        except sa.exc.SQLAlchemyError:
            self._remember(runs, time.monotonic())
            raise

    def _remember(self, runs: Sequence[LeasedRun], since: float) -> None:
        with self._lock:
            self._since = min(self._since, since) if self._confirmed else since
            self._confirmed += runs


def _encode(runs: Sequence[LeasedRun]) -> list[tuple[UUID, str, bytes]]:
    """(run id, queue, body) for each run. A body is Dramatiq's message: it carries the run's id and attempt, the
    arguments stay in the row. So many have all in common but the id, and are encoded once.
    """
    encode = cache(_encode_one)
    return [
        (run.id, run.queue, encode(run.queue, run.actor, run.attempt).replace(_ID, str(run.id).encode()))
        for run in runs
    ]


def _encode_one(queue: str, actor: str, attempt: int) -> bytes:
    options = {"run_id": _ID.decode(), "attempt": attempt}
    message: Message[Any] = Message(
        queue_name=queue, actor_name=actor, args=(), kwargs={}, options=options, message_id=_ID.decode()
    )
    return message.encode()
