"""What happens to runs, by events: whoever looks at them is told at once that there is something to see."""

import time
from typing import Any

from api.cli.failures import SERVER, Failure
from api.cli.remote.client import Client

STATES = ("planned", "queued", "running", "retrying", "succeeded", "failed", "cancelled", "skipped")
TYPES = ",".join(f"callsheet.run.{state}" for state in STATES)

LATEST = "latest"
LONGEST_SECONDS = 20.0
"""What a server waits at most."""

_READ = 500
_UNKNOWN = (404, 405)


class Feed:
    """Events of runs from now on. A server that has no log of them, has no room for one more who waits, or is away,
    makes it a mere pause."""

    def __init__(self, client: Client, **wanted: Any) -> None:
        self._client = client
        self._wanted = {"types": TYPES} | wanted
        self._after = LATEST
        self.is_there = True
        """Whether the server knows of events."""
        self._read(0)

    def wait(self, seconds: float) -> list[dict[str, Any]]:
        """Those that have come, as soon as there is one; none after that time."""
        until = time.monotonic() + seconds
        events: list[dict[str, Any]] = []
        while not events and (began := time.monotonic()) < until:
            stood, asked = self._after, min(until - began, LONGEST_SECONDS)
            events = self._read(asked) if self.is_there else []
            if not events and self._after == stood:  # it may have answered at once
                time.sleep(max(0.0, began + asked - time.monotonic()))
        return events

    def _read(self, wait_seconds: float) -> list[dict[str, Any]]:
        query = {"after": self._after, "wait_seconds": wait_seconds or None, "limit": _READ, **self._wanted}
        try:
            page = self._client.get("/v1/events", **query)
        except Failure as failure:
            if failure.status in _UNKNOWN:
                self.is_there = False
            elif failure.status == 422:
                self._after = LATEST
            elif failure.exit_code != SERVER:
                raise
            return []
        self._after = page["next"]
        found: list[dict[str, Any]] = page["items"]
        return found
