"""Publish: hand due runs to the broker, confirmed, and mark them queued.

A run is queued and leased before it is published. The lease ends a while after the confirm, in a statement for many: a
process that dies before leaves one that runs out, and the run is published again. A publish error is ambiguous, so the
run is published again too. Claims remove duplicates.

Each statement here stands for itself: the engine may be in autocommit mode.
"""

import threading
import time
from collections.abc import Collection, Sequence
from functools import cache
from typing import Any, NamedTuple, Protocol
from uuid import UUID

import sqlalchemy as sa
import structlog
from dramatiq import Message

from config.telemetry import switch
from config.telemetry.traceparent import NAME as TRACEPARENT
from config.telemetry.traceparent import own_trace
from models.counters.counting import count
from models.lifecycle.bundling import find_short_actors
from models.lifecycle.confirming import note_confirmed, release_runs
from models.lifecycle.publishing import LeasedRun, queues_with_stale_runs, take_publishable_runs, take_vanished_runs
from scheduling.bundles import bundle

log = structlog.get_logger("scheduling")

NOTE_SECONDS = 3.0
"""How late a confirm is noted: by then most runs have been claimed, and need no note."""

NOTED_AT_ONCE = 500
"""So many confirms are noted in a transaction: whoever claims one of these runs waits for it."""

_METRIC = "callsheet_published_total"

_ID = b"00000000-0000-0000-0000-000000000000"
"""Stands for the run's id in a body that is encoded for many."""

_TRACE = b"00-00000000000000000000000000000000-0000000000000000-00"
"""Stands for the trace of the run."""

_IDS = b"ffffffff-ffff-ffff-ffff-ffffffffffff"
"""Stands for the ids of all the runs of a bundle. The first is given by itself too: a message without is a plain one
to a worker that takes no bundles, which would make a new run of it."""


class Outgoing(NamedTuple):
    """A message, and the runs that it stands for."""

    runs: tuple[UUID, ...]
    queue: str
    body: bytes


class Publisher(Protocol):
    """A way to the broker."""

    def is_ready(self) -> bool:
        """Whether publishing has a chance just now."""
        ...

    def publish(self, messages: Sequence[Outgoing]) -> set[UUID]:
        """Publish and wait; the ids of the runs whose messages the broker has confirmed."""
        ...

    def count_messages(self, queue: str) -> int | None:
        """Messages that wait in the queue, which is made if it is not there; None if the broker does not say."""
        ...


class Publishing:
    """Publishes by one publisher, and remembers what is confirmed and not noted yet. Any thread may use it.

    In floods of short runs a message stands for up to `most` of them.
    """

    def __init__(self, engine: sa.Engine, publisher: Publisher, most: int = 1) -> None:
        self._engine = engine
        self.publisher = publisher
        self._most = most
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
        began = time.monotonic()
        with self._engine.begin() as connection:
            runs = take_publishable_runs(connection, limit, window)
        return self.publish(runs, began)

    def publish(self, runs: Sequence[LeasedRun], since: float | None = None, *, again: bool = False) -> int:
        """Publish runs that are leased for it, in this order, `again` where their messages are gone; how many were
        confirmed. The lease began at `since`, or just now."""
        if not runs:
            return 0
        began = time.monotonic() if since is None else since
        messages = _encode(bundle(runs, self._most, self._are_short))
        confirmed = self.publisher.publish(messages)
        self._remember([run for run in runs if run.id in confirmed], began)
        if unconfirmed := [run for run in runs if run.id not in confirmed]:
            with self._engine.begin() as connection:
                release_runs(connection, unconfirmed)
        count(_METRIC, len(confirmed), outcome="republished" if again else "confirmed")
        count(_METRIC, len(unconfirmed), outcome="unconfirmed")
        log.info("publish", runs=len(confirmed), unconfirmed=len(unconfirmed), messages=len(messages))
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
                confirmed = self.publish(runs, again=True)
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
            runs, since, self._confirmed = self._confirmed, self._since, []
        try:
            while runs:
                with self._engine.begin() as connection:
                    note_confirmed(connection, runs[:NOTED_AT_ONCE])
                runs = runs[NOTED_AT_ONCE:]
        except sa.exc.SQLAlchemyError:
            self._remember(runs, since)
            raise

    def _are_short(self, actors: Collection[str]) -> set[str]:
        """Which of these actors are known to be short; none if the database does not say: the runs are leased, and
        must go."""
        try:
            with self._engine.begin() as connection:
                return find_short_actors(connection, actors)
        except sa.exc.SQLAlchemyError as error:
            log.warning("bundle", error=str(error).strip())
            return set()

    def _remember(self, runs: Sequence[LeasedRun], since: float) -> None:
        with self._lock:
            self._since = min(self._since, since) if self._confirmed else since
            self._confirmed += runs


def _encode(bundles: Sequence[Sequence[LeasedRun]]) -> list[Outgoing]:
    """A message for each bundle. A body is Dramatiq's message: it carries the ids and the attempt of its runs, the
    arguments stay in their rows. So many have all in common but the ids, and are encoded once. It names the trace of
    the first, where that was given one or this process traces.
    """
    encode, is_tracing = cache(_encode_one), switch.tracer() is not None
    outgoing = []
    for runs in bundles:
        ids = [str(run.id) for run in runs]
        trace = own_trace(runs[0].id) if is_tracing and runs[0].trace is None else runs[0].trace
        body = encode(runs[0].queue, runs[0].actor, runs[0].attempt, len(runs) > 1, trace is not None)
        if trace is not None:
            body = body.replace(_TRACE, trace.encode())
        body = body.replace(_IDS, '","'.join(ids).encode()).replace(_ID, ids[0].encode())
        outgoing.append(Outgoing(tuple(run.id for run in runs), runs[0].queue, body))
    return outgoing


def _encode_one(queue: str, actor: str, attempt: int, is_bundle: bool, has_trace: bool) -> bytes:
    options: dict[str, Any] = {"run_id": _ID.decode(), "attempt": attempt}
    if is_bundle:
        options["run_ids"] = [_IDS.decode()]
    if has_trace:
        options[TRACEPARENT] = _TRACE.decode()
    message: Message[Any] = Message(
        queue_name=queue, actor_name=actor, args=(), kwargs={}, options=options, message_id=_ID.decode()
    )
    return message.encode()
