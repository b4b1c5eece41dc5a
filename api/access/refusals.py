"""Refused callers leave a trace: a line a minute for each address, with how many there were; who guesses must wait."""

import time
from collections import OrderedDict, deque
from threading import Lock

import structlog

log = structlog.get_logger("api")

EACH_SECONDS = 60.0
MOST_ADDRESSES = 1000
MOST_FAILURES = 20
"""So many in a minute may be a mistake of configuration."""


class Refusals:
    """Counts refusals by address. Of very many addresses it knows those that came last."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._counts: OrderedDict[str, int] = OrderedDict()
        self._told: dict[str, float] = {}
        self._latest: dict[str, deque[float]] = {}

    def note(self, address: str, path: str) -> float:
        """One more, at a route; nothing of what was given is kept. Returns for how many seconds nobody there may try
        again, 0 where they may."""
        with self._lock:
            latest = self._latest.setdefault(address, deque(maxlen=MOST_FAILURES + 1))
            latest.append(time.monotonic())
            wait = latest[0] + EACH_SECONDS - latest[-1] if len(latest) > MOST_FAILURES else 0.0
            count = self._counts.pop(address, 0) + 1
            is_time = time.monotonic() - self._told.get(address, -EACH_SECONDS) >= EACH_SECONDS
            self._counts[address] = 0 if is_time else count
            if is_time:
                self._told[address] = time.monotonic()
            if len(self._counts) > MOST_ADDRESSES:
                gone, _ = self._counts.popitem(last=False)
                self._told.pop(gone, None)
                self._latest.pop(gone, None)
        if is_time:
            log.warning("refused", address=address, path=path, count=count)
        return max(0.0, wait)
