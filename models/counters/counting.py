"""Counting: what this process has counted since it began, and what of that it has not told yet. In memory alone."""

import os
from collections.abc import Mapping
from threading import Lock
from typing import NamedTuple
from uuid import UUID, uuid4

from models.statistics.histogram import Histogram

MOST = 5000
"""Counters that a process has at most: labels are bounded, this is for the day when some are not."""


class Counter(NamedTuple):
    """One counter, or histogram, of a metric, by its labels in the order of their names."""

    name: str
    labels: tuple[tuple[str, str], ...] = ()


class Piece(NamedTuple):
    """What is told at once. Under the same number it is always the same, so that it is added once."""

    process: UUID
    number: int
    counts: Mapping[Counter, float]
    spans: Mapping[Counter, Histogram]


class Counting:
    """The counters of a process. Any thread may count, and any tell."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._process = uuid4()
        self._number = 0
        self._counts: dict[Counter, float] = {}
        self._spans: dict[Counter, Histogram] = {}
        self._telling: Piece | None = None
        self._told_counts: dict[Counter, float] = {}
        self._told_spans: dict[Counter, Histogram] = {}

    def count(self, name: str, amount: float = 1, /, **labels: str) -> None:
        """There were so many more."""
        counter = Counter(name, tuple(sorted(labels.items())))
        with self._lock:
            if counter in self._counts:
                self._counts[counter] += amount
            elif len(self._counts) < MOST:
                self._counts[counter] = amount

    def observe(self, name: str, seconds: float, /, **labels: str) -> None:
        """There was one more, of so many seconds."""
        counter = Counter(name, tuple(sorted(labels.items())))
        with self._lock:
            spans = self._spans.get(counter)
            if spans is None:
                if len(self._spans) >= MOST:
                    return
                spans = self._spans[counter] = Histogram()
            spans.note(seconds)

    def next_piece(self) -> Piece | None:
        """What is to be told: what was being told already, until `note_told`, else what is new; None for nothing."""
        with self._lock:
            if self._telling is None and (self._counts or self._spans):
                self._number += 1
                self._telling = Piece(self._process, self._number, self._counts, self._spans)
                self._counts, self._spans = {}, {}
            return self._telling

    def note_told(self, number: int) -> None:
        """That piece has been added."""
        with self._lock:
            piece = self._telling
            if piece is not None and piece.number == number:
                self._telling = None
                _merge(self._told_counts, self._told_spans, piece.counts, piece.spans)

    def totals(self) -> tuple[dict[Counter, float], dict[Counter, Histogram]]:
        """All that this process has counted since it began, told or not: numbers, and spans of time."""
        counts: dict[Counter, float] = {}
        spans: dict[Counter, Histogram] = {}
        with self._lock:
            _merge(counts, spans, self._told_counts, self._told_spans)
            if self._telling is not None:
                _merge(counts, spans, self._telling.counts, self._telling.spans)
            _merge(counts, spans, self._counts, self._spans)
        return counts, spans

    def begin_anew(self) -> None:
        """Nothing has been counted: of a process that was forked, by this one."""
        self.__init__()  # type: ignore[misc] # the lock too, which another thread may have held


def _merge(
    counts: dict[Counter, float],
    spans: dict[Counter, Histogram],
    more: Mapping[Counter, float],
    more_spans: Mapping[Counter, Histogram],
) -> None:
    for counter, amount in more.items():
        counts[counter] = counts.get(counter, 0) + amount
    for counter, histogram in more_spans.items():
        spans.setdefault(counter, Histogram()).merge(histogram)


OF_PROCESS = Counting()
os.register_at_fork(after_in_child=OF_PROCESS.begin_anew)

count = OF_PROCESS.count
observe = OF_PROCESS.observe
