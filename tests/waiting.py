"""Wait for a condition with a deadline, where a test would otherwise sleep."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
PAUSE_SECONDS = 0.05


def eventually(
    condition: Callable[[], T],
    timeout: float = 20,
    message: str = "the condition did not come true",
    ignoring: type[Exception] | tuple[type[Exception], ...] = (),
) -> T:
    """Call `condition` until it returns something truthy, and return that.

    Exceptions of the types in `ignoring` count as "not yet"; all others go through.
    Raises AssertionError with the last value (or exception) after `timeout` seconds.
    """
    deadline = time.monotonic() + timeout
    while True:
        last: object
        try:
            value = condition()
        except ignoring as error:
            last = error
        else:
            if value:
                return value
            last = value
        if time.monotonic() >= deadline:
            raise AssertionError(f"{message} within {timeout} s; the last value was {last!r}")
        time.sleep(PAUSE_SECONDS)
