"""Joining: how long a worker that stops waits for its threads.

Dramatiq's own `join_all` takes the time since the beginning off again for every thread, so that with several threads
the wait is over after a fraction of `--worker-shutdown-timeout`, and what still runs is killed with the process.
"""

import time
from collections.abc import Iterable
from typing import Protocol

import dramatiq.worker


class _Joinable(Protocol):
    def join(self, timeout: float | None = None) -> None: ...


def wait_as_long_as_told() -> None:
    """Have workers of this process wait by `_join_all`."""
    dramatiq.worker.join_all = _join_all  # type: ignore[attr-defined]  # it imports the name, for itself


def _join_all(joinables: Iterable[_Joinable], timeout: float) -> None:
    """Join all of them, within `timeout` milliseconds in all."""
    deadline = time.monotonic() + timeout / 1000
    for joinable in joinables:
        joinable.join(max(0.0, deadline - time.monotonic()))
