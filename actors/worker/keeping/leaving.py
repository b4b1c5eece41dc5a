"""Leaving: the end of a worker process whose threads do not all come back.

A thread that is in C code, or waits there for children, can't be interrupted, and others wait for it: Dramatiq for that
of asynchronous actors, Python at its end for whatever is no daemon. Its run is over all the same, as its process ends:
the journal says how, and whoever buries the process writes it once it is gone.
"""

import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Iterable

import structlog

from actors.worker.keeping.held import key_of
from actors.worker.keeping.process import WorkerProcess
from actors.worker.running.outcome import RetryRule, fail
from config.uptime import uptime

log = structlog.get_logger("worker")

EXIT_BROKEN = 70
"""The exit code of `sysexits.h` for an error within: a process that can't do its work any more has ended itself."""

RETURN_SECONDS = 1.0
"""How long a thread whose children were killed may take to come back."""


def is_of_dramatiq() -> bool:
    """Whether this is a process of Dramatiq's, which is a worker and nothing else."""
    return multiprocessing.parent_process() is not None


class Leaving:
    """What there is to do about threads that are still inside of runs. `write_ends` writes the ends of all others."""

    def __init__(self, process: WorkerProcess, write_ends: Callable[[], None]) -> None:
        self._process = process
        self._write_ends = write_ends
        self._once = threading.Lock()

    def end_children(self, threads: Iterable[threading.Thread]) -> None:
        """Kill what these runs have forked, and let the threads come back that waited for that alone."""
        if self._process.interrupts.struck():
            _kill_children()
            ends = time.monotonic() + RETURN_SECONDS
            for thread in threads:
                thread.join(max(0.0, ends - time.monotonic()))

    def leave_stuck(self) -> None:
        """Go at once where there are some. A process that is not Dramatiq's has more to stop than its worker, and only
        notes how these runs have ended."""
        if self._process.interrupts.struck():
            self._note_ends()
            if is_of_dramatiq():
                self.leave()

    def leave(self) -> None:
        """End the process, whoever waits for whom in it."""
        with self._once:
            try:
                self._note_ends()
                _kill_children()
                self._write_ends()
                log.critical("left", stuck=[str(run.run_id) for run, _ in self._process.interrupts.struck()])
            finally:
                os._exit(self._process.exit_code)

    def _note_ends(self) -> None:
        held = {key_of(each.claim): each for each in self._process.held.all()}
        for run, kind in self._process.interrupts.struck():
            each = held.get((run.run_id, run.attempt))
            if each is not None and self._process.journal is not None:
                end = fail(each.claim, kind(), RetryRule(), each.started_at, each.clock(uptime()))
                self._process.journal.end(end)


def _kill_children() -> None:
    for child in multiprocessing.active_children():
        child.kill()
