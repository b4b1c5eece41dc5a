"""The actors of the benchmarks, for callsheet and for plain Dramatiq alike."""

import time

import dramatiq

from tests.benchmarks.stamps import stamp


@dramatiq.actor
def noop() -> None:
    """Do nothing but note the time."""
    stamp()


@dramatiq.actor
def hold(seconds: float) -> None:
    """Keep a thread occupied."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        time.sleep(0.1)
