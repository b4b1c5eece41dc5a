"""Draining: a worker that was asked to takes no more runs, waits for those it has without end, and exits.

Dramatiq's master ends all of its processes once one of them has ended. So they are drained together, and the last one
that has nothing left ends their master.
"""

import os
import signal
import time
from collections.abc import Callable, Sequence

import structlog

from actors.worker.keeping.held import HeldRun
from actors.worker.keeping.process import WorkerProcess
from models.announcing import drain_workers, note_drained

log = structlog.get_logger("worker")

LOOK_SECONDS = 1.0


class Draining:
    """Of one process; `give_back` ends what it has claimed and not started."""

    def __init__(self, process: WorkerProcess, give_back: Callable[[Sequence[HeldRun]], None]) -> None:
        self._process = process
        self._give_back = give_back
        self._looked = 0.0
        self._is_over = False

    def step(self) -> None:
        """Begin once it was asked for, by its row or by a signal; end once nothing is left. Raises sqlalchemy's
        errors."""
        process = self._process
        if process.drain_wanted and not process.held.closed:
            with process.engine.begin() as connection:
                drain_workers(connection, process.id)
            self._give_back(process.held.close())
            log.info("drain", running=len(process.interrupts.running()))
        if process.drain_wanted and process.stop_at is None and not self._is_over and self._is_idle():
            self._end_with_the_others()

    def _is_idle(self) -> bool:
        """Whether nothing is claimed, nor about to be, and every end is written."""
        doubts = self._process.doubts
        if doubts or not doubts.claiming.acquire(blocking=False):
            return False
        doubts.claiming.release()
        return not self._process.held.known()

    def _end_with_the_others(self) -> None:
        now = time.monotonic()
        if now - self._looked < LOOK_SECONDS:
            return
        self._looked = now
        with self._process.engine.begin() as connection:
            self._is_over = note_drained(connection, self._process.id)
        if self._is_over:
            log.info("drained")
            os.kill(self._process.parent_pid or os.getpid(), signal.SIGTERM)
