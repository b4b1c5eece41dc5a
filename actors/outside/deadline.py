"""How long something may still take, and how long to wait at a stretch meanwhile."""

import time

STEP_SECONDS = 0.1
"""The longest wait in one call: an interrupt reaches a thread only between calls."""


class DeadlineExceeded(Exception):
    """The time given for something is over."""


class Deadline:
    """An instant on the monotonic clock. Once it has passed, the methods raise DeadlineExceeded with `message`."""

    def __init__(self, seconds: float, message: str) -> None:
        self._ends = time.monotonic() + seconds
        self._message = message

    def remaining(self) -> float:
        """Seconds left, more than 0."""
        seconds = self._ends - time.monotonic()
        if seconds <= 0:
            raise DeadlineExceeded(self._message)
        return seconds

    def step(self) -> float:
        """Seconds to wait in one call."""
        return min(self.remaining(), STEP_SECONDS)
