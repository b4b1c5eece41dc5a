"""Interrupts: ending a run from outside its thread, for its time limit, a cancel, or the end of the process.

An exception raised in a thread that is not inside an actor would kill the thread, so delivery and leaving the actor
share a lock, and leaving clears what was delivered too late.

An actor may catch its interrupt and go on. A second one, after a time to clean up, is insistent: whoever catches it is
struck again at once, until the thread has left the actor.
"""

import ctypes
import math
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from dramatiq.middleware import Interrupt, Shutdown, TimeLimitExceeded

from actors.worker.running.current import CurrentRun

AGAIN_SECONDS = 3.5
"""An actor that is still there so long after an interrupt gets another: later than the end of a child process that
ignores TERM, whose killing must not be interrupted."""

STUCK_SECONDS = 10.0
"""An actor that is still there so long after its first interrupt is where none reaches it: in C code."""

# Interrupts a thread by its number, without a return value. Number 0 is no thread, and nothing happens.
_strike = ctypes.PYFUNCTYPE(None, ctypes.c_ulong, ctypes.py_object)(("PyThreadState_SetAsyncExc", ctypes.pythonapi))


class Cancelled(Interrupt):
    """The run was asked to cancel."""


class LeaseLost(Interrupt):
    """The run is no longer this worker's: its lease ran out and it was given to another."""


__all__ = ["Cancelled", "Interrupts", "LeaseLost", "Shutdown", "TimeLimitExceeded"]


Aim = ctypes.c_ulong
"""The number of a thread that may be interrupted, which becomes 0 when it may not any more."""


@dataclass
class _Inside:
    run: CurrentRun
    aim: Aim
    again: float = 0.0
    times: int = 0
    first: float = math.inf
    kind: type[Interrupt] | None = None


class Interrupts:
    """Which thread is inside which run, and the only way to interrupt one."""

    def __init__(self) -> None:
        self._inside: dict[int, _Inside] = {}
        self._lock = threading.Lock()

    def take_aim(self) -> Aim:
        """What the calling thread gives `enter`, and sets to 0 in the moment in which it is out of the actor."""
        return Aim(threading.get_ident())

    def enter(self, run: CurrentRun, aim: Aim) -> None:
        """The calling thread is about to call the actor of `run`."""
        with self._lock:
            self._inside[threading.get_ident()] = _Inside(run, aim)

    def leave(self) -> None:
        """The calling thread is out of the actor; an interrupt that comes now is dropped.

        One may strike at the very entry of this method, so whoever calls it calls it again where nothing can strike.
        """
        while True:
            try:
                with self._lock:
                    inside = self._inside.pop(threading.get_ident(), None)
                    if inside is not None:
                        inside.aim.value = 0
                if inside is not None and inside.times:
                    _catch_pending()
                return
            except Interrupt:
                continue

    def running(self) -> list[CurrentRun]:
        """The runs that threads are inside of."""
        with self._lock:
            return [inside.run for inside in self._inside.values()]

    def interrupt(self, run_id: UUID, attempt: int, kind: type[Interrupt]) -> bool:
        """Raise `kind` in the thread that is inside this attempt, at most once in a while; whether it was raised. Those
        after the first are of its kind."""
        with self._lock:
            for inside in self._inside.values():
                if (inside.run.run_id, inside.run.attempt) == (run_id, attempt) and time.monotonic() >= inside.again:
                    inside.again = time.monotonic() + AGAIN_SECONDS
                    inside.times += 1
                    if inside.kind is None:
                        inside.first, inside.kind = time.monotonic(), kind
                    kind = inside.kind  # a thread that does not come back has only the latest one waiting for it
                    with suppress(Exception):
                        inside.run.ask_to_stop()
                    _strike(inside.aim, kind if inside.times == 1 else _insistent(kind, inside.aim))
                    return True
        return False

    def struck(self) -> list[tuple[CurrentRun, type[Interrupt]]]:
        """The runs that have been interrupted and that threads are still inside of, each with what it was first."""
        with self._lock:
            return [(inside.run, inside.kind) for inside in self._inside.values() if inside.kind is not None]

    def stuck(self) -> int:
        """How many threads have not come back from an interrupt for a while."""
        before = time.monotonic() - STUCK_SECONDS
        with self._lock:
            return sum(inside.first <= before for inside in self._inside.values())


class _Flush(Interrupt):
    pass


def _catch_pending() -> None:
    """Let the interrupt that may still be under way to this thread strike here, in the place of another of ours.

    Taking it back would leave Python looking for it for ever, which hangs debuggers and profilers.
    """
    with suppress(_Flush):
        _strike(threading.get_ident(), _Flush)
        while True:
            pass


def _insistent(kind: type[Interrupt], aim: Aim) -> type[Interrupt]:
    """An interrupt that strikes again when it is caught, which is when Python makes its instance.

    That calls nothing but C, so it can't be interrupted itself, and it ends with the aim.
    """
    insistent = type(kind.__name__, (kind,), {})
    insistent.__init__ = staticmethod(partial(_strike, aim, insistent))  # type: ignore[misc]
    return insistent
