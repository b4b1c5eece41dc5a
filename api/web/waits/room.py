"""A wait takes a thread, which serves nobody else meanwhile: few wait, and none goes on when the server is to end."""

import threading
import time
from collections.abc import Callable

ROOM = threading.BoundedSemaphore(2)
"""So many wait at once in a process; others are answered at once."""

_ending = threading.Condition()
_ended = 0


def wait_for(look: Callable[[], float | None], seconds: float) -> None:
    """Look again and again, for so long at most. `look` says how long to pause before the next time; None to end. Where
    there is no room, it is not called."""
    if seconds <= 0 or not ROOM.acquire(blocking=False):
        return
    try:
        _look_on(look, time.monotonic() + seconds)
    finally:
        ROOM.release()


def end_waits() -> None:
    """Have all who wait now go on with what they have."""
    global _ended  # noqa: PLW0603 - a process has one
    with _ending:
        _ended += 1
        _ending.notify_all()


def _look_on(look: Callable[[], float | None], until: float) -> None:
    began = _ended
    while (pause := look()) is not None and (left := until - time.monotonic()) > 0:
        with _ending:
            if _ending.wait_for(lambda: _ended != began, min(pause, left)):
                return
