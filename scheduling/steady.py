"""Steady: whether the database's clock goes on as time does for this process. What jumps is not believed at once."""

import threading
from collections.abc import Callable
from datetime import datetime

import structlog

from config.uptime import uptime

log = structlog.get_logger("scheduling")

JUMP_SECONDS = 10.0
"""Clocks that have gone apart by more than this, and by more than clocks drift, have been set."""

DRIFT = 0.001

HOLD_SECONDS = 10.0
"""A jump that lasts for so long is how things are: the database was moved, or this process stood still."""


class SteadyClock:
    """Compares what the database's clock says from round to round with a clock of this process.

    Before a first round there is nothing to compare with: a long time without any scheduling is no jump. Any thread may
    ask it.
    """

    def __init__(self, read: Callable[[], float] = uptime) -> None:
        self.read = read
        self._lock = threading.Lock()
        self._ahead: float | None = None
        self._compared = 0.0
        self._doubted: float | None = None

    @property
    def is_doubtful(self) -> bool:
        """Whether it has jumped lately: nothing should be decided by it."""
        return self._doubted is not None

    def trusts(self, now: datetime, asked: float) -> bool:
        """Whether to decide by this `now`, which the database has said since `asked`; a jump is logged once."""
        with self._lock:
            return self._trusts(now, asked)

    def _trusts(self, now: datetime, asked: float) -> bool:
        answered = self.read()
        least, most = now.timestamp() - answered, now.timestamp() - asked
        jump = 0.0 if self._ahead is None else self._beyond(self._ahead, least, most)
        is_jump = abs(jump) > JUMP_SECONDS + DRIFT * (answered - self._compared)
        if is_jump and self._doubted is None:
            self._doubted = answered
            log.warning("clock-jump", seconds=round(jump, 1))
        if is_jump and self._doubted is not None and answered - self._doubted < HOLD_SECONDS:
            return False
        self._ahead = most if self._ahead is None or is_jump else min(max(self._ahead, least), most)
        self._compared, self._doubted = answered, None
        return True

    @staticmethod
    def _beyond(ahead: float, least: float, most: float) -> float:
        """How far it lies outside of what the answer allows: negative where the clock was set back."""
        return least - ahead if ahead < least else min(0.0, most - ahead)
