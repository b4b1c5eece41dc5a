"""The watchdog: interrupts runs at their time limit, when their lease has run out, and when the process must end.

It touches no database, so limits hold while PostgreSQL is away or hangs. It also stops a worker whose master is gone,
as nobody would stop it otherwise, and one that has lost its keeper, without which nothing is written. The platform
starts another.
"""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable

import structlog

from actors.worker.keeping.held import key_of
from actors.worker.keeping.process import WorkerProcess
from actors.worker.running.interrupts import LeaseLost, Shutdown, TimeLimitExceeded

log = structlog.get_logger("worker")

STEP_SECONDS = 0.1


class Watchdog:
    """Looks at what runs a few times a second."""

    def __init__(self, process: WorkerProcess, keeper_lives: Callable[[], bool]) -> None:
        self._process = process
        self._keeper_lives = keeper_lives
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
            self._end("no-keeper")
        self._fence()
        stop_at = self._process.stop_at
        must_end = stop_at is not None and time.monotonic() >= stop_at
        for run in self._process.interrupts.running():
            kind = Shutdown if must_end else TimeLimitExceeded if run.remaining_seconds() <= 0 else None
            if kind is not None and self._process.interrupts.interrupt(run.run_id, run.attempt, kind):
                log.warning("interrupt", run_id=str(run.run_id), actor=run.actor, why=kind.__name__)

    def _end(self, why: str) -> None:
        """Stop the process as its platform would, once: it has lost what it can't do without."""
        if not self._has_ended:
            self._has_ended = True
            log.warning(why)
            os.kill(os.getpid(), signal.SIGTERM)

    def _fence(self) -> None:
        """After a whole lease without the database other workers may have been given these runs: end them here."""
        for held in self._process.held.overdue():
            if self._process.interrupts.interrupt(*key_of(held.claim), LeaseLost):
                log.warning("interrupt", run_id=str(held.claim.id), actor=held.claim.actor, why=LeaseLost.__name__)


def _is_headless() -> bool:
    """Whether a process of Dramatiq's has lost its main thread. Others have one that may end before its interpreter."""
    return multiprocessing.parent_process() is not None and not threading.main_thread().is_alive()


def _end_at_once() -> None:
    """Half a process would go on claiming, and fail what it claims: an interpreter that shuts down starts no threads.
    What was under way is known by the journal, and the platform starts another."""
    log.critical("no-main-thread")
    os.kill(os.getpid(), signal.SIGKILL)


def _master_is_gone() -> bool:
    """Never in a process that has no master, such as that of `callsheet up`."""
    master = multiprocessing.parent_process()
    return master is not None and os.getppid() != master.pid
