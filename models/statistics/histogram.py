"""Histograms: how many spans of time there were, in buckets that never change. Pure."""

from bisect import bisect_left
from collections.abc import Sequence

BOUNDS = (
    0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600,
    86400,
)  # fmt: skip
"""Up to how many seconds each bucket goes, that included; one more has what is longer. What is stored leans on them."""


class Histogram:
    """How many spans fall into each bucket, and how long they are all together."""

    __slots__ = ("counts", "seconds")

    def __init__(self, counts: Sequence[int] = (), seconds: float = 0.0) -> None:
        self.counts = [*counts, *[0] * (len(BOUNDS) + 1 - len(counts))]
        self.seconds = seconds

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Histogram) and (self.counts, self.seconds) == (other.counts, other.seconds)

    __hash__ = None  # type: ignore[assignment] # it changes

    def __len__(self) -> int:
        """How many there are."""
        return sum(self.counts)

    def note(self, seconds: float) -> None:
        """There was one more. What ended before it began, by two clocks, took no time."""
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        if seconds > 0:
            self.seconds += seconds

    def merge(self, other: "Histogram") -> None:
        """Those of another are among these, too."""
        self.counts = [mine + theirs for mine, theirs in zip(self.counts, other.counts, strict=True)]
        self.seconds += other.seconds

    def quantile(self, share: float) -> float | None:
        """How many seconds at most this share of them took, as if those of a bucket were spread evenly in it; None
        where there are none. What is beyond the last bound counts as that bound."""
        rank = share * len(self)
        before = 0
        for bucket, count in enumerate(self.counts[: len(BOUNDS)]):
            if count and before + count >= rank:
                low = BOUNDS[bucket - 1] if bucket else 0.0
                return low + (BOUNDS[bucket] - low) * max(0.0, rank - before) / count
            before += count
        return float(BOUNDS[-1]) if any(self.counts) else None
