"""The vigil: for how long this process has been able to write to the runs without a break.

While nobody can reach the database nobody can renew a lease, so one that ran out says nothing of its worker. A worker
that lives renews soon after the database is back; one that has not for the time of a lease is gone.
"""

from config.uptime import uptime

BREAK_SECONDS = 10.0
"""Or half a lease, where that is longer: whatever was renewed before a break like that still is when it ends."""


class Vigil:
    """Looks on since it first was noted, or since the last break."""

    def __init__(self, lease_seconds: float) -> None:
        self._lease_seconds = lease_seconds
        self._since: float | None = None
        self._noted = 0.0

    def note(self) -> None:
        """The runs have just been written to: so could anybody who holds one."""
        now = uptime()
        longest = max(min(BREAK_SECONDS, self._lease_seconds), self._lease_seconds / 2)
        if self._since is None or now - self._noted > longest:
            self._since = now
        self._noted = now

    def begin_anew(self) -> None:
        """What was seen so far says nothing: the database's clock has jumped, and with it the age of every lease."""
        self._since = None

    def is_long_enough(self) -> bool:
        """Whether whoever lives has had the time to renew."""
        return self._since is not None and self._noted - self._since >= self._lease_seconds
