"""Back-off: how long a failed run waits before it is tried again."""

import random

_MOST_DOUBLINGS = 32

QUICK_RETRIES = 5
SHORTEST_SECONDS = 1.0
"""Without it a thousand retries without a wait would be one busy loop through everything there is."""


def backoff_seconds(retries: int, shortest: float, longest: float) -> float:
    """The wait after a failure that `retries` others came before: twice as long each time, and spread by a quarter, so
    that what failed together is not tried again together. `longest` bounds it, unless it lies below `shortest`; whoever
    has failed `QUICK_RETRIES` times waits `SHORTEST_SECONDS` at least."""
    doubled: float = shortest * 2 ** min(retries, _MOST_DOUBLINGS)
    spread = random.uniform(1, 1.25)  # noqa: S311 - spreads retries, guards nothing
    floor = SHORTEST_SECONDS if retries >= QUICK_RETRIES else 0
    return round(max(min(doubled * spread, max(longest, shortest)), floor), 3)
