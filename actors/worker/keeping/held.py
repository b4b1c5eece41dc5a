"""The runs a worker process holds: claimed, not yet ended, and ended but not yet written. Safe for threads."""

import math
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from models.lifecycle.claiming import ClaimedRun

SHORT_RUN_SECONDS = 0.05
"""While runs are shorter than this on average, a process claims ahead of its threads."""

AHEAD_SECONDS = 0.02
MOST_AHEAD = 8
"""It then claims as many runs for each thread, beside the one that the thread can start at once, as the thread ends
within this time, and no more than this number. A process that is killed loses what it has claimed."""

PREFETCH = 16
"""How many deliveries it then wants to have at hand for each thread; they are claimed later, or given back."""

LINGER_SECONDS = 0.005
"""How long it then waits for room for more than a few: a statement for one run costs nearly as much as one for many."""

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
        self._threads = threads
        self._lease_seconds = lease_seconds
        self._runs: dict[Key, HeldRun] = {}
        self._unwritten: set[Key] = set()
        self._changed = threading.Condition()
        self._closed = False
        self._average_seconds = 1.0
        self._are_short = False

    def room(self) -> int:
        """How many more runs may be claimed: what free threads can start, and a little ahead of short runs."""
        with self._changed:
            return self._room()

    def prefetch(self) -> int:
        """How many deliveries are worth having: as many as the threads can take, and a lot of short runs."""
        return self._threads * (PREFETCH if self._ahead() else 1)

    def wait_for_room(self, seconds: float) -> int:
        """The room, waiting for some up to `seconds`, and while runs are short a moment longer for more."""
        with self._changed:
            if self._changed.wait_for(lambda: self._room() > 0, seconds) and self._ahead():
                self._changed.wait_for(lambda: self._room() >= self._enough(), LINGER_SECONDS)
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
                seconds = time.monotonic() - held.started
                self._average_seconds += (seconds - self._average_seconds) / 16
                # Twice as long to become long again: each change means new deliveries.
                self._are_short = self._average_seconds < SHORT_RUN_SECONDS * (2 if self._are_short else 1)
            if before <= 0 < self._room() or self._room() == self._enough():  # what somebody may wait for
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

    def _ahead(self) -> int:
        if not self._are_short:
            return 0
        return self._threads * min(MOST_AHEAD, max(1, int(AHEAD_SECONDS / self._average_seconds)))

    def _enough(self) -> int:
        """How much room is worth a statement."""
        return max(self._threads, self._ahead() // 2)

    def _room(self) -> int:
        return 0 if self._closed else self._threads + self._ahead() - len(self._runs)
