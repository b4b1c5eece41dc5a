"""Back-off: how long a failed run waits before it is tried again."""

import random

_MOST_DOUBLINGS = 32


def backoff_seconds(retries: int, shortest: float, longest: float) -> float:
    """The wait after a failure that `retries` others came before: twice as long each time, and spread by a quarter, so
    that what failed together is not tried again together. `longest` bounds it, unless it lies below `shortest`."""
    doubled: float = shortest * 2 ** min(retries, _MOST_DOUBLINGS)
    spread = random.uniform(1, 1.25)  # noqa: S311 - spreads retries, guards nothing
    return round(min(doubled * spread, max(longest, shortest)), 3)
