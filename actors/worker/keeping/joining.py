"""Joining: how long a worker that stops waits for its threads.

Dramatiq's own `join_all` takes the time since the beginning off again for every thread, so that with several threads
the wait is over after a fraction of `--worker-shutdown-timeout`, and what still runs is killed with the process.
"""

import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Protocol

import dramatiq.worker

STEP_SECONDS = 0.5


class _Joinable(Protocol):
    def join(self, timeout: float | None = None) -> None: ...

    def is_alive(self) -> bool: ...


def wait_as_long_as_told(must_wait: Callable[[], bool]) -> None:
    """Have workers of this process wait for their threads within the time that Dramatiq was told, and beyond it while
    `must_wait` says so."""
    join_all = partial(_join_all, must_wait)
    dramatiq.worker.join_all = join_all  # type: ignore[attr-defined]  # it imports the name, for itself


def _join_all(must_wait: Callable[[], bool], joinables: Iterable[_Joinable], timeout: float) -> None:
    """Join all of them, within `timeout` milliseconds in all."""
    deadline = time.monotonic() + timeout / 1000
    for joinable in joinables:
        joinable.join(max(0.0, deadline - time.monotonic()))
        while joinable.is_alive() and must_wait():
            joinable.join(STEP_SECONDS)
