"""The watchdog: interrupts runs at their time limit, when their lease has run out, and when the process must end.

It touches no database, so limits hold while PostgreSQL is away or hangs. It also stops a worker whose master is gone,
as nobody would stop it otherwise, one that has lost its keeper, without which nothing is written, and one of whose
threads half do not come back from their interrupts. The platform starts another.
"""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import structlog

from actors.worker.keeping.held import key_of
from actors.worker.keeping.leaving import EXIT_BROKEN, is_of_dramatiq
from actors.worker.keeping.process import WorkerProcess
from actors.worker.running.interrupts import LeaseLost, Shutdown, TimeLimitExceeded

log = structlog.get_logger("worker")

STEP_SECONDS = 0.1

LEAVE_SECONDS = 7.0
"""How long after the last interrupts a process that has not ended by itself is left by force: what waits for a thread
that does not come back would wait for ever."""


class Watchdog:
    """Looks at what runs a few times a second."""

    def __init__(
        self, process: WorkerProcess, keeper_lives: Callable[[], bool], leave: Callable[[], None] = lambda: None
    ) -> None:
        self._process = process
        self._keeper_lives = keeper_lives
        self._leave = leave
        self._has_ended = False
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)

    def start(self) -> None:
        """Begin, in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stopping.set()
        self._thread.join(1)

    def _run(self) -> None:
        while not self._stopping.wait(STEP_SECONDS):
            try:
                self._look()
            except Exception:
                log.exception("watchdog")

    def _look(self) -> None:
        if _is_headless():
            _end_at_once()
        if _master_is_gone():
            self._end("orphaned")
        if not self._keeper_lives():
            self._give_up("no-keeper")
        stuck, threads = self._process.interrupts.stuck(), self._process.threads
        if stuck and stuck * 2 >= threads:
            self._give_up("stuck-threads", stuck=stuck, threads=threads)
        self._fence()
        stop_at = self._process.stop_at
        must_end = stop_at is not None and time.monotonic() >= stop_at
        for run in self._process.interrupts.running():
            is_stopped = must_end and run.actor not in self._process.spared
            kind = Shutdown if is_stopped else TimeLimitExceeded if run.remaining_seconds() <= 0 else None
            if kind is not None and self._process.interrupts.interrupt(run.run_id, run.attempt, kind):
                log.warning("interrupt", run_id=str(run.run_id), actor=run.actor, why=kind.__name__)
        must_leave = stop_at is not None and time.monotonic() >= stop_at + LEAVE_SECONDS
        if must_leave and is_of_dramatiq() and not self._process.must_wait():
            self._leave()

    def _give_up(self, why: str, **fields: Any) -> None:
        """End a process that has lost what it can't do without, so that its platform starts another."""
        if self._process.stop_at is None:
            self._process.exit_code = EXIT_BROKEN
        self._end(why, **fields)

    def _end(self, why: str, **fields: Any) -> None:
        """Stop the process as its platform would, once."""
        if not self._has_ended:
            self._has_ended = True
            log.warning(why, **fields)
            os.kill(os.getpid(), signal.SIGTERM)

    def _fence(self) -> None:
        """After a whole lease without the database other workers may have been given these runs: end them here."""
        for held in self._process.held.overdue():
            if self._process.interrupts.interrupt(*key_of(held.claim), LeaseLost):
                log.warning("interrupt", run_id=str(held.claim.id), actor=held.claim.actor, why=LeaseLost.__name__)


def _is_headless() -> bool:
    """Whether a process of Dramatiq's has lost its main thread. Others have one that may end before its interpreter."""
    return is_of_dramatiq() and not threading.main_thread().is_alive()


def _end_at_once() -> None:
    """Half a process would go on claiming, and fail what it claims: an interpreter that shuts down starts no threads.
    What was under way is known by the journal, and the platform starts another."""
    log.critical("no-main-thread")
    os.kill(os.getpid(), signal.SIGKILL)


def _master_is_gone() -> bool:
    """Never in a process that has no master, such as that of `callsheet up`."""
    master = multiprocessing.parent_process()
    return master is not None and os.getppid() != master.pid
