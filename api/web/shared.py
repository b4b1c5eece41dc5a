"""One reading at a time, whose outcome all get who ask meanwhile: who asks often must not pile up what hangs."""

import time
from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock, Thread
from typing import Generic, TypeVar

T = TypeVar("T")

GIVEN_UP_SECONDS = 30
"""A reading that has hung for so long may never end; another is begun."""


class Shared(Generic[T]):
    """Readings by threads of their own, which go on when nobody waits any more."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = Lock()
        self._reading: Future[T] | None = None
        self._began_at = 0.0

    def ask(self, read: Callable[[], T], seconds: float) -> T | None:
        """What `read` returns or raises, or a call of it that is under way; None once that has taken too long."""
        with self._lock:
            reading, age = self._reading, time.monotonic() - self._began_at
            if reading is None or reading.done() or age > GIVEN_UP_SECONDS:
                reading, age = self._begin(read), 0.0
        try:
            return reading.result(max(0.0, seconds - age))
        except TimeoutError:
            return None

    def _begin(self, read: Callable[[], T]) -> Future[T]:
        self._reading, self._began_at = Future(), time.monotonic()
        Thread(target=_settle, args=(self._reading, read), name=self._name, daemon=True).start()
        return self._reading


def _settle(reading: Future[T], read: Callable[[], T]) -> None:
    try:
        reading.set_result(read())
    except Exception as error:  # noqa: BLE001 - those who wait are told
        reading.set_exception(error)
