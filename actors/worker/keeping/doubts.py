"""Doubts: claims of which nothing was heard, as the connection broke while they were under way."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Doubts:
    """Whether this process may hold runs without knowing. Who claims holds `claiming`, and notes a doubt under it."""

    def __init__(self) -> None:
        self.claiming = threading.Lock()
        self._any = False

    def __bool__(self) -> bool:
        return self._any

    def note(self) -> None:
        """A claim may have succeeded without our knowing."""
        self._any = True

    @contextmanager
    def settling(self) -> Iterator[bool]:
        """Whether there are doubts to settle while nobody claims; what raises inside leaves them."""
        if not self._any or not self.claiming.acquire(blocking=False):
            yield False
            return
        try:
            yield True
            self._any = False
        finally:
            self.claiming.release()
