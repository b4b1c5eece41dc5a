"""Relay: one scheduling process numbers what stands in the log of events, and tells the exchange of it, in order and at
least once. Nothing waits for it."""

import json
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID, uuid4

import sqlalchemy as sa
import structlog

from config.settings import Settings
from models.events.cloud import CONTENT_TYPE, as_cloud_event, routing_key
from models.events.reading import Change, is_public, public_states, read_changes
from models.events.relaying import Progress, be_relay, forget_events, note_sent, number_events
from models.events.telling import choose_states
from scheduling.notices.notifier import Notifier
from scheduling.publishers.exchange import Telling

log = structlog.get_logger("scheduling")

LOOK_SECONDS = 0.25
OTHER_SECONDS = 2.0
"""So often those look that do not relay: whoever does holds a lease for longer."""
RETRY_SECONDS = 1.0
FORGET_SECONDS = 30.0

NUMBERED = 1000
"""Groups that are given positions at once."""

TOLD = 5
"""Groups that are told at once: up to some thousands of changes, and what is told again if that fails."""

WAITED = timedelta(seconds=2)
"""Runs that began so late waited for workers."""

REST = 19
"""While runs wait it rests so many times as long as it has worked: a twentieth of one processor goes to events."""

PATIENCE = timedelta(seconds=60)
"""But nobody is told later than this of what has happened, if that is possible at all."""

FORGOTTEN = 1000

NOTICED_SECONDS = 1.0
"""So long it decides at a time who is told by channels."""


class Exchange(Protocol):
    """Where events are told."""

    def is_ready(self) -> bool:
        """Whether it can be told anything."""
        ...

    def send(self, tellings: Sequence[Telling]) -> bool:
        """Publish them; whether the broker has all."""
        ...


class Relay:
    """Relays in a thread of its own, beside scheduling. Without an exchange events are numbered for readers alone."""

    def __init__(self, engine: sa.Engine, settings: Settings, exchange: Exchange | None) -> None:
        self._engine = engine
        self._events = settings.events
        self._exchange = exchange
        self._notifier = Notifier(engine)
        self._id: UUID = uuid4()
        self._forgot = self._rests_until = 0.0
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._go_on, name="relay", daemon=True)

    def start(self) -> None:
        """Begin, in the background."""
        self._thread.start()

    def close(self) -> None:
        """End after what is under way."""
        self._closing.set()
        self._thread.join()

    def relay(self) -> float:
        """Do what there is to do, unless another process does; in how many seconds to look again."""
        with self._engine.begin() as connection:
            progress = be_relay(connection, self._id) and number_events(connection, self._id, NUMBERED)
        if progress is None:
            return OTHER_SECONDS
        has_more = self._notice()
        if not has_more:  # after a long time off all is old, and channels are still to be told of it
            self._forget()
        is_done = progress.sent == progress.numbered or time.monotonic() < self._rests_until
        seconds = LOOK_SECONDS if is_done else self._tell(progress)
        return min(seconds, LOOK_SECONDS) if has_more else seconds

    def _notice(self) -> bool:
        """Have channels told; whether there is more than can be done by now."""
        until = time.monotonic() + NOTICED_SECONDS
        while self._notifier.notice():
            if time.monotonic() >= until:
                return True
        return False

    def _tell(self, progress: Progress) -> float:
        begun, told_to = time.monotonic(), progress.numbered
        changes: Sequence[Change] = ()
        with self._engine.begin() as connection:
            states = public_states(connection)
            if self._exchange is not None and states:
                if not self._exchange.is_ready():
                    return RETRY_SECONDS
                changes = read_changes(connection, progress.sent, TOLD)
        if changes and self._exchange is not None:
            public = (change for change in changes if is_public(change, states))
            if not self._exchange.send(list(_tellings(public))):
                return RETRY_SECONDS
            told_to = changes[-1].position
        with self._engine.begin() as connection:
            note_sent(connection, self._id, told_to)
        if _gives_way(changes, progress.now):
            now = time.monotonic()
            self._rests_until = now + REST * (now - begun)
        return 0 if told_to < progress.numbered else LOOK_SECONDS

    def _forget(self) -> None:
        if time.monotonic() - self._forgot < FORGET_SECONDS:
            return
        self._forgot = time.monotonic()
        groups = FORGOTTEN
        while groups == FORGOTTEN:
            with self._engine.begin() as connection:
                groups, untold = forget_events(connection, self._events.keep_seconds, FORGOTTEN)
            if untold:
                log.error("events-dropped", changes=untold)

    def _go_on(self) -> None:
        has_chosen = False
        while not self._closing.is_set():
            try:
                if not has_chosen:
                    self._choose()
                    has_chosen = True
                seconds = self.relay()
            except Exception:
                log.exception("relay")
                seconds = RETRY_SECONDS
            self._closing.wait(seconds)

    def _choose(self) -> None:
        states = self._events.states if self._events.enabled else ()
        with self._engine.begin() as connection:
            choose_states(connection, states)


def _gives_way(changes: Sequence[Change], now: datetime) -> bool:
    """Whether runs wait for workers, so that what is left of the machine is theirs; not for long."""
    if not changes or now - changes[0].at > PATIENCE:
        return False
    return any(each.started_at and each.due_at and each.started_at - each.due_at > WAITED for each in changes)


def _tellings(changes: Iterable[Change]) -> Iterator[Telling]:
    for change in changes:
        try:
            event = as_cloud_event(change)
            body = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
            yield Telling(event["id"], routing_key(change), body, CONTENT_TYPE)
        except Exception:  # a row that nobody can read is in the way of no other
            log.exception("event-unreadable", kind=change.kind, run_id=change.run and str(change.run))
