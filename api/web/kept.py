"""A reading that is kept for a few seconds: of what changes seldom, however many look at it."""

import time
from collections.abc import Callable
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

import sqlalchemy as sa

T = TypeVar("T")


class Kept(Generic[T]):
    """The last reading of each database."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._read: WeakKeyDictionary[sa.Engine, tuple[float, T]] = WeakKeyDictionary()

    def ask(self, engine: sa.Engine, read: Callable[[], T]) -> T:
        """What was read within these seconds, or what `read` returns or raises."""
        at, found = self._read.get(engine, (0.0, None))
        if found is None or time.monotonic() - at > self._seconds:
            found = read()
            self._read[engine] = time.monotonic(), found
        return found
