"""The runs a worker process holds: claimed, not yet ended, and ended but not yet written. Safe for threads."""

import math
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from actors.worker.keeping.appetite import LONG_SECONDS, Appetite
from actors.worker.keeping.journal import Journal, Key
from actors.worker.keeping.pace import Pace
from config.uptime import uptime
from models.lifecycle.claiming import ClaimedRun
from models.lifecycle.finishing import FinishedAttempt

LINGER_SECONDS = 0.005
"""How long a process whose runs are short waits for room for more than a few."""


def key_of(claim: ClaimedRun) -> Key:
    """The attempt that a claim is for."""
    return claim.id, claim.attempt


@dataclass
class HeldRun:
    """A claimed run. `claimed` and `started` are of `uptime`; `clock` turns them into the database's time.

    `leased` is one too, and earlier than the beginning of the lease in the database.
    """

    claim: ClaimedRun
    leased: float
    claimed: float = field(default_factory=uptime)
    started: float | None = None
    started_at: datetime | None = None
    """When user code started, by the database's clock; None before."""
    start_reported: bool = False

    def clock(self, instant: float) -> datetime:
        """The database's time at an `uptime` of this machine."""
        return self.claim.claimed_at + timedelta(seconds=instant - self.claimed)


class HeldRuns:
    """What is held, how much more may be claimed, and what has begun."""

    def __init__(self, threads: int, lease_seconds: float = math.inf, journal: Journal | None = None) -> None:
        self._journal = journal
        self._appetite = Appetite(threads)
        self._pace = Pace()
        self._lease_seconds = lease_seconds
        self._runs: dict[Key, HeldRun] = {}
        self._unwritten: dict[Key, HeldRun | None] = {}
        self._changed = threading.Condition()
        self._closed = False
        self._stuck = 0

    def room(self) -> int:
        """How many more runs may be claimed: what free threads can start, and a little ahead of short runs."""
        with self._changed:
            return self._room()

    def prefetch(self) -> int:
        """How many deliveries are worth having."""
        return self._appetite.prefetch

    def wait_for_room(self, seconds: float) -> int:
        """The room, waiting for some up to `seconds`, and while runs are short a moment longer for more."""
        with self._changed:
            if self._changed.wait_for(lambda: self._room() > 0, seconds) and self._appetite.ahead:
                self._changed.wait_for(lambda: self._room() >= self._appetite.worthwhile, LINGER_SECONDS)
            return self._room()

    def add(self, claims: list[ClaimedRun], leased: float | None = None) -> None:
        """Hold newly claimed runs; `leased` is when the claim was sent, now if not given."""
        leased = uptime() if leased is None else leased
        with self._changed:
            self._runs.update({key_of(claim): HeldRun(claim, leased) for claim in claims})

    def note_renewal(self, keys: Iterable[Key], leased: float) -> None:
        """The leases of these attempts have been renewed by a statement that was sent at `leased`."""
        with self._changed:
            for key in keys:
                if (held := self._runs.get(key) or self._unwritten.get(key)) is not None:
                    held.leased = leased

    def overdue(self) -> list[HeldRun]:
        """What has started and whose lease has run out: others may have been given these runs."""
        with self._changed:
            return [held for held in self._runs.values() if held.started is not None and self._is_overdue(held)]

    def start(self, claim: ClaimedRun) -> HeldRun | None:
        """Note that a thread starts this attempt now; None if it must not: no longer held, or started before.

        One whose lease has run out meanwhile, in a process that was frozen, is let go, and will be rescued.
        """
        with self._changed:
            held = self._runs.get(key := key_of(claim))
            if held is None or held.started is not None:
                return None
            if self._is_overdue(held):
                del self._runs[key]
                self._changed.notify_all()
                return None
            held.started = uptime()
            held.started_at = held.clock(held.started)
            if self._journal is not None:
                self._journal.start(key, held.started_at)
            return held

    def end(self, key: Key, end: FinishedAttempt | None = None) -> None:
        """Let an attempt go that has ended; its end, which the journal notes, is still to be written."""
        with self._changed:
            before = self._room()
            held = self._unwritten[key] = self._runs.pop(key, None)
            if held is not None and held.started is not None:
                seconds = uptime() - held.started
                self._appetite.note(seconds)
                self._pace.note(held.claim.actor, seconds)
                if self._journal is not None and end is not None:
                    self._journal.end(end)
            room = self._room()
            if before <= 0 < room or room == self._appetite.worthwhile:  # what somebody may wait for
                self._changed.notify_all()

    def forget(self, keys: list[Key]) -> None:
        """The ends of these attempts are written."""
        with self._changed:
            for key in keys:
                self._unwritten.pop(key, None)
            if self._journal is not None:
                self._journal.forget(keys)

    def take_back(self, keys: Iterable[Key]) -> list[HeldRun]:
        """Let go of those of these attempts that no thread has started, and no thread will: their ends are still to be
        written."""
        with self._changed:
            waiting = [self._runs[key] for key in keys if key in self._runs and self._runs[key].started is None]
            self._let_go(waiting)
            if waiting:
                self._changed.notify_all()
            return waiting

    def note_stuck(self) -> None:
        """Look which threads are in long runs: nothing is claimed ahead for those."""
        before = uptime() - LONG_SECONDS
        with self._changed:
            self._stuck = sum(run.started is not None and run.started < before for run in self._runs.values())

    def pace(self) -> dict[str, float]:
        """How long runs take, in seconds by actor, as far as there is any news."""
        with self._changed:
            now = uptime()
            running = [(run.claim.actor, now - run.started) for run in self._runs.values() if run.started is not None]
            return self._pace.news(running)

    def tell_pace(self, news: Mapping[str, float]) -> None:
        """Others have heard of this."""
        with self._changed:
            self._pace.tell(news)

    def pace_has_turned(self) -> bool:
        """Whether others should soon hear of it."""
        return self._pace.has_turned

    def waiting(self, seconds: float) -> list[Key]:
        """What was claimed so long ago and has not started."""
        before = uptime() - seconds
        with self._changed:
            return [key for key, held in self._runs.items() if held.started is None and held.claimed < before]

    def leased(self, since: float) -> list[HeldRun]:
        """Everything whose lease is to be renewed: what is held, and what has ended and is not written yet, if it has
        been leased before `since`. Most ends are written sooner."""
        with self._changed:
            unwritten = [held for held in self._unwritten.values() if held is not None and held.leased <= since]
            return [*self._runs.values(), *unwritten]

    def all(self) -> list[HeldRun]:
        """Everything held now."""
        with self._changed:
            return list(self._runs.values())

    def known(self) -> list[Key]:
        """The attempts that this process holds, or has held and not yet written the ends of."""
        with self._changed:
            return [*self._runs, *self._unwritten]

    def holds(self, key: Key) -> bool:
        """Whether this process holds the attempt, and it has not ended."""
        with self._changed:
            return key in self._runs

    def knows(self, key: Key) -> bool:
        """Whether this process holds the attempt, or has held it and not yet written its end."""
        with self._changed:
            return key in self._runs or key in self._unwritten

    def close(self) -> list[HeldRun]:
        """Claim nothing any more, and let go what has not started: those runs are returned, no thread gets them."""
        with self._changed:
            self._closed = True
            waiting = [held for held in self._runs.values() if held.started is None]
            self._let_go(waiting)
            return waiting

    @property
    def closed(self) -> bool:
        """Whether this process is stopping."""
        return self._closed

    def _let_go(self, waiting: Iterable[HeldRun]) -> None:
        for held in waiting:
            del self._runs[key_of(held.claim)]
            self._unwritten[key_of(held.claim)] = None

    def _is_overdue(self, held: HeldRun) -> bool:
        return uptime() - held.leased >= self._lease_seconds

    def _room(self) -> int:
        if self._closed:
            return 0
        return self._appetite.most - self._stuck * self._appetite.each - len(self._runs)
