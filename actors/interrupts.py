"""Interrupts: ending a run from outside its thread, for its time limit, a cancel, or the end of the process.

An exception raised in a thread that is not inside an actor would kill the thread, so delivery and leaving the actor
share a lock, and leaving clears what was delivered too late.
"""

import ctypes
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from dramatiq.middleware import Interrupt, Shutdown, TimeLimitExceeded, raise_thread_exception

from actors.context import CurrentRun

AGAIN_SECONDS = 3.0
"""An actor that swallows an interrupt gets another after this time."""


class Cancelled(Interrupt):
    """The run was asked to cancel."""


class LeaseLost(Interrupt):
    """The run is no longer this worker's: its lease ran out and it was given to another."""


__all__ = ["Cancelled", "Interrupts", "LeaseLost", "Shutdown", "TimeLimitExceeded"]


@dataclass
class _Inside:
    run: CurrentRun
    again: float = 0.0


class Interrupts:
    """Which thread is inside which run, and the only way to interrupt one."""

    def __init__(self) -> None:
        self._inside: dict[int, _Inside] = {}
        self._lock = threading.Lock()

    def enter(self, run: CurrentRun) -> None:
        """The calling thread is about to call the actor of `run`."""
        with self._lock:
            self._inside[threading.get_ident()] = _Inside(run)

    def leave(self) -> None:
        """The calling thread is out of the actor; an interrupt that comes now is dropped.

        One may strike at the very entry of this method, so whoever calls it calls it again where nothing can strike.
        """
        while True:
            try:
                thread = threading.get_ident()
                with self._lock:
                    self._inside.pop(thread, None)
                    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), None)
                return
            except Interrupt:
                continue

    def running(self) -> list[CurrentRun]:
        """The runs that threads are inside of."""
        with self._lock:
            return [inside.run for inside in self._inside.values()]

    def interrupt(self, run_id: UUID, attempt: int, kind: type[Interrupt]) -> bool:
        """Raise `kind` in the thread that is inside this attempt, at most once in a while; whether it was raised."""
        with self._lock:
            for thread, inside in self._inside.items():
                if (inside.run.run_id, inside.run.attempt) == (run_id, attempt) and time.monotonic() >= inside.again:
                    inside.again = time.monotonic() + AGAIN_SECONDS
                    with suppress(Exception):
                        inside.run.ask_to_stop()
                    raise_thread_exception(thread, kind)
                    return True
        return False
