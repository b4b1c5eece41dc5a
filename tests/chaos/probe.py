"""Probe actors, loaded into real workers by the setting `actors.modules`: each tells the ledger what it does."""

import os
import signal
import threading
import time

import dramatiq

from actors.context import current_run
from tests.chaos.ledger import URL_VARIABLE, Writer

_writer = Writer(os.environ[URL_VARIABLE])
STEP_SECONDS = 0.05


class FailedOnPurpose(Exception):
    """What a probe that is meant to fail raises."""


@dramatiq.actor
def probe_quick() -> None:
    """Do nothing."""
    _note("start")
    _note("end", "ok")


@dramatiq.actor
def probe_flood() -> None:
    """Do nothing, many at once."""
    _note("start")
    _note("end", "ok")


@dramatiq.actor
def probe_sleep(seconds: float) -> None:
    """Sleep in short steps, so that interrupts are seen."""
    _note("start")
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        time.sleep(STEP_SECONDS)
    _note("end", "ok")


@dramatiq.actor
def probe_fail(attempts: int) -> None:
    """Fail on the first attempts, then succeed."""
    _note("start")
    if current_run().attempt <= attempts:
        _note("end", "error")
        raise FailedOnPurpose(f"attempt {current_run().attempt} of {attempts}")
    _note("end", "ok")


@dramatiq.actor
def probe_segfault() -> None:
    """Take the whole process down, as a bug in a C library does: in this thread, which does not get any further."""
    _note("start")
    signal.pthread_kill(threading.get_ident(), signal.SIGSEGV)


def _note(phase: str, outcome: str | None = None) -> None:
    run = current_run()
    _writer.write(run.run_id, run.attempt, phase, outcome, os.getpid())
