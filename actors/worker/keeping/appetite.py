"""Appetite: how many runs a process may hold at once, by how long its runs take. Pure."""

SHORT_RUN_SECONDS = 0.05
"""While runs are shorter than this on average, a process claims ahead of its threads."""

AHEAD_SECONDS = 0.02
MOST_AHEAD = 16
"""It then claims as many runs for each thread, beside the one that the thread can start at once, as the thread ends
within this time, and no more than this number. A process that is killed loses what it has claimed."""

LONG_SECONDS = 0.25
"""A thread that is in one run for longer than this takes part in none of that."""

PREFETCH = 16
"""How many deliveries it then wants to have at hand for each thread; they are claimed later, or given back."""

_REMEMBERED = 16


class Appetite:
    """Learns from each run that ends how long runs are. What it says of so many threads is read all the time."""

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._average_seconds = 1.0
        self._are_short = False
        self._decide(0)

    def note(self, seconds: float) -> None:
        """A run took so long."""
        self._average_seconds += (seconds - self._average_seconds) / _REMEMBERED
        # Twice as long to become long again: each change means new deliveries.
        are_short = self._average_seconds < SHORT_RUN_SECONDS * (2 if self._are_short else 1)
        if are_short or self._are_short:
            self._are_short = are_short
            each = min(MOST_AHEAD, max(1, int(AHEAD_SECONDS / self._average_seconds))) if are_short else 0
            if each != self.each:
                self._decide(each)

    def _decide(self, each: int) -> None:
        self.each = each
        """How many runs to claim ahead for each thread."""
        self.ahead = self._threads * self.each
        """How many runs to claim beside those that threads can start at once."""
        self.most = self._threads + self.ahead
        """How many runs to hold at most."""
        self.worthwhile = max(self._threads, self.ahead // 2)
        """How much room is worth a statement: one for one run costs nearly as much as one for many."""
        self.prefetch = self._threads * (PREFETCH if self.each else 1)
        """How many deliveries are worth having: as many as the threads can take, and a lot of short runs."""
