"""Parting: how a bundle is taken in parts, where there is no room for all of its runs."""

import time
from collections.abc import Callable

from actors.worker.claiming.messages import Letter

REMEMBERED = 64
"""After so many smaller deliveries a large one counts but half."""

Read = Callable[[bytes], Letter]
"""Reads what was delivered."""


class Parting:
    """The first delivery of a consumer, of which a part may be taken and the rest not."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._rest: Letter | None = None
        self._parted_at: float | None = None
        self._smaller = 0
        self.largest = 1
        """How many runs a delivery has had lately, at most."""

    def next(self, body: bytes, limit: int, is_enough: bool) -> Letter | None:
        """Of the first delivery what there is room for, of `limit` runs; None where that is nothing.

        Where what is taken already `is_enough`, a bundle that does not fit is left whole for the next time.
        """
        if limit < 1:
            return None
        if self._rest is None:
            self._rest = self._read(body)
            self._note(self._rest.size)
        if is_enough and self._rest.size > limit:
            return None
        part, self._rest = self._rest.split(limit)
        if self._rest is None:
            self._parted_at = None
        elif self._parted_at is None:
            self._parted_at = time.monotonic()
        return part

    @property
    def has_rest(self) -> bool:
        """Whether there is more of the delivery than was taken."""
        return self._rest is not None

    def seconds(self) -> float:
        """How long ago the first part of the delivery was taken; 0 for one that is whole."""
        return 0.0 if self._parted_at is None else time.monotonic() - self._parted_at

    def begin_anew(self) -> None:
        """Count from now: what has been taken since was in vain."""
        if self._parted_at is not None:
            self._parted_at = time.monotonic()

    def forget(self) -> None:
        """The delivery has gone back."""
        self._rest = self._parted_at = None

    def _note(self, size: int) -> None:
        self._smaller = 0 if size >= self.largest else self._smaller + 1
        if size > self.largest or self._smaller > REMEMBERED:
            self.largest, self._smaller = max(size, self.largest // 2), 0
