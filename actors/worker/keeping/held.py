"""The runs a worker process holds: claimed, not yet ended, and ended but not yet written. Safe for threads."""

import math
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from actors.worker.keeping.appetite import Appetite
from models.lifecycle.claiming import ClaimedRun

LINGER_SECONDS = 0.005
"""How long a process whose runs are short waits for room for more than a few."""

Key = tuple[UUID, int]
"""A run and its attempt: a process may hold a newer attempt while the thread of an older one is still busy."""


def key_of(claim: ClaimedRun) -> Key:
    """The attempt that a claim is for."""
    return claim.id, claim.attempt


@dataclass
class HeldRun:
    """A claimed run. `claimed` and `started` are monotonic; `clock` turns them into the database's time.

    `leased` is monotonic too, and earlier than the beginning of the lease in the database.
    """

    claim: ClaimedRun
    leased: float
    claimed: float = field(default_factory=time.monotonic)
    started: float | None = None
    start_reported: bool = False

    def clock(self, instant: float) -> datetime:
        """The database's time at a monotonic instant of this process."""
        return self.claim.claimed_at + timedelta(seconds=instant - self.claimed)

    def started_at(self) -> datetime | None:
        """When user code started, by the database's clock; None before."""
        return None if self.started is None else self.clock(self.started)


class HeldRuns:
    """What is held, how much more may be claimed, and what has begun."""

    def __init__(self, threads: int, lease_seconds: float = math.inf) -> None:
        self._appetite = Appetite(threads)
        self._lease_seconds = lease_seconds
        self._runs: dict[Key, HeldRun] = {}
        self._unwritten: set[Key] = set()
        self._changed = threading.Condition()
        self._closed = False

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
        leased = time.monotonic() if leased is None else leased
        with self._changed:
            self._runs.update({key_of(claim): HeldRun(claim, leased) for claim in claims})

    def note_renewal(self, keys: Iterable[Key], leased: float) -> None:
        """The leases of these attempts have been renewed by a statement that was sent at `leased`."""
        with self._changed:
            for key in keys:
                if key in self._runs:
                    self._runs[key].leased = leased

    def overdue(self) -> list[HeldRun]:
        """What has started and whose lease has run out: others may have been given these runs."""
        with self._changed:
            return [held for held in self._runs.values() if held.started is not None and self._is_overdue(held)]

    def start(self, claim: ClaimedRun) -> HeldRun | None:
        """Note that a thread starts this attempt now; None if it must not: no longer held, or started before.

        One whose lease has run out meanwhile, in a process that was frozen, is let go, and will be rescued.
        """
        with self._changed:
            held = self._runs.get(key_of(claim))
            if held is None or held.started is not None:
                return None
            if self._is_overdue(held):
                del self._runs[key_of(claim)]
                self._changed.notify_all()
                return None
            held.started = time.monotonic()
            return held

    def end(self, key: Key) -> None:
        """Let an attempt go that has ended; its end is still to be written."""
        with self._changed:
            before = self._room()
            self._unwritten.add(key)
            held = self._runs.pop(key, None)
            if held is not None and held.started is not None:
                self._appetite.note(time.monotonic() - held.started)
            if before <= 0 < self._room() or self._room() == self._appetite.worthwhile:  # what somebody may wait for
                self._changed.notify_all()

    def forget(self, keys: list[Key]) -> None:
        """The ends of these attempts are written."""
        with self._changed:
            self._unwritten.difference_update(keys)

    def drop_unstarted(self, keys: list[Key]) -> None:
        """Let go of attempts that are no longer ours; no thread will start them."""
        with self._changed:
            for key in keys:
                if key in self._runs and self._runs[key].started is None:
                    del self._runs[key]
            self._changed.notify_all()

    def all(self) -> list[HeldRun]:
        """Everything held now."""
        with self._changed:
            return list(self._runs.values())

    def known(self) -> list[Key]:
        """The attempts that this process holds, or has held and not yet written the ends of."""
        with self._changed:
            return [*self._runs, *self._unwritten]

    def knows(self, key: Key) -> bool:
        """Whether this process holds the attempt, or has held it and not yet written its end."""
        with self._changed:
            return key in self._runs or key in self._unwritten

    def close(self) -> list[HeldRun]:
        """Claim nothing any more, and let go what has not started: those runs are returned, no thread gets them."""
        with self._changed:
            self._closed = True
            waiting = [held for held in self._runs.values() if held.started is None]
            for held in waiting:
                del self._runs[key_of(held.claim)]
            return waiting

    @property
    def closed(self) -> bool:
        """Whether this process is stopping."""
        return self._closed

    def _is_overdue(self, held: HeldRun) -> bool:
        return time.monotonic() - held.leased >= self._lease_seconds

    def _room(self) -> int:
        return 0 if self._closed else self._appetite.most - len(self._runs)
