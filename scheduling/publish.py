"""Publish: hand due runs to the broker, confirmed, and mark them queued.

A run is leased before it is published and marked after: a process that dies in between leaves a lease that ends, and
the run is published again. A publish error is ambiguous, so the run is published again too. Claims remove duplicates.

Each statement here stands for itself: the engine may be in autocommit mode.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any, Protocol
from uuid import UUID

import sqlalchemy as sa
import structlog
from dramatiq import Message

from config.database import TRANSIENT
from models.lifecycle.publishing import (
    LeasedRun,
    mark_queued,
    queues_with_stale_runs,
    release_runs,
    take_publishable_runs,
    take_vanished_runs,
)
from models.sql.locks import is_locked

log = structlog.get_logger("scheduling")

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


def publish_due(engine: sa.Engine, publisher: Publisher, limit: int, window: int) -> int:
    """Publish up to `limit` due runs; how many were confirmed."""
    if not publisher.is_ready():
        return 0
    with engine.begin() as connection:
        runs = take_publishable_runs(connection, limit, window)
    return publish_runs(engine, publisher, runs)


def publish_runs(engine: sa.Engine, publisher: Publisher, runs: Sequence[LeasedRun]) -> int:
    """Publish runs that are leased for it, in this order; how many were confirmed."""
    if not runs:
        return 0
    confirmed = publisher.publish(_encode(runs))
    _mark_queued(engine, [run for run in runs if run.id in confirmed])
    with engine.begin() as connection:
        release_runs(connection, [run for run in runs if run.id not in confirmed])
    log.info("publish", runs=len(confirmed), unconfirmed=len(runs) - len(confirmed))
    return len(confirmed)


def _mark_queued(engine: sa.Engine, runs: Sequence[LeasedRun]) -> None:
    try:
        with engine.begin() as connection:
            mark_queued(connection, runs)
    except TRANSIENT as error:
        if not is_locked(error):
            raise
        with engine.begin() as connection:
            mark_queued(connection, runs, free_only=True)


def republish_vanished(engine: sa.Engine, publisher: Publisher, after_seconds: float, limit: int) -> int:
    """Publish queued runs again whose messages are gone: queued for long, and their queue is empty, or they have been
    overtaken."""
    if not publisher.is_ready():
        return 0
    with engine.begin() as connection:
        queues = queues_with_stale_runs(connection, after_seconds)
    republished = 0
    for queue in queues:
        is_empty = publisher.count_messages(queue) == 0
        with engine.begin() as connection:
            runs = take_vanished_runs(connection, queue, after_seconds, limit, is_empty=is_empty)
        if runs:
            republished += publish_runs(engine, publisher, runs)
            log.warning("republish", queue=queue, runs=len(runs))
    return republished


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
