"""One row for each slot: the slots of a schedule, computed anew, beside its rows, both in the order of time. Pure.

A slot may have any fate; what is not allowed is that it has no row, or two, or that a row has no slot.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from models.verifying.rows import Details, Row
from scheduling.slots.spans import Span
from scheduling.slots.spec import TICK, count_slots, each_slot, instant_at

Kind = Literal["missing", "twice", "unexpected"]
MISSING: Kind = "missing"
TWICE: Kind = "twice"
UNEXPECTED: Kind = "unexpected"

_NEVER = 1 << 62


class Evidence(Protocol):
    """What is looked up of a schedule where something does not fit."""

    present: datetime

    def rows_of(self, slot: datetime) -> Sequence[Details]:
        """The rows that begin with a slot."""

    def used_up_at(self, runs: int) -> datetime | None:
        """The slot by which so many had been decided to run; None if so many never were. The beginning of time where
        nobody knows any more."""


@dataclass(frozen=True)
class Problem:
    """What can't be accounted for."""

    problem: Kind
    slot_at: datetime
    slot_until: datetime | None = None
    version: int | None = None
    rows: Sequence[Details] = ()
    detail: str | None = None


@dataclass
class Walk:
    """Goes through the slots in [since, until) once, in as many steps as are `left`; then `stopped_at` says from where
    on somebody may go on."""

    spans: Sequence[Span]
    since: datetime
    until: datetime
    evidence: Evidence
    left: int
    most: int
    """So many problems are listed at most; `found` counts all."""
    slots: int = 0
    accounted: int = 0
    found: int = 0
    problems: list[Problem] = field(default_factory=list)
    stopped_at: datetime | None = None
    _covered: int = -_NEVER
    _doubled: int = -_NEVER

    def go(self, rows: Iterable[Row]) -> None:
        """Compare with these rows, in order."""
        expected = self._expected()
        slot = next(expected, _NEVER)
        for row in rows:
            first, last, _ = row
            while slot < first and self._is_going_on():
                self._miss(slot)
                slot = next(expected, _NEVER)
            if self.left < 0 and first > self._covered:
                self.stopped_at = instant_at(min(slot, first))
                return
            self.left -= 1
            if first == last == slot:
                self.slots += 1
                self.accounted += 1
                slot = next(expected, _NEVER)
            elif first == last:
                self._judge(row)
            else:
                count = 0
                while slot <= last:
                    count += 1
                    slot = next(expected, _NEVER)
                self._take_range(row, count)
            self._covered = max(self._covered, last)
        while slot < _NEVER and self._is_going_on():
            self._miss(slot)
            slot = next(expected, _NEVER)
        if slot < _NEVER:
            self.stopped_at = instant_at(slot)

    def _is_going_on(self) -> bool:
        self.left -= 1
        return self.left >= 0

    def _expected(self) -> Iterator[int]:
        for span in self.spans:
            if span.spec is not None:
                after, until = max(span.after, self.since - TICK), min(span.until, self.until - TICK)
                yield from each_slot(span.spec, after, until)

    def _miss(self, slot: int) -> None:
        at = instant_at(slot)
        span = self._span_of(at)
        if span.max_runs is not None:
            used_up = self.evidence.used_up_at(span.max_runs)
            if used_up is not None and used_up < at:
                return  # what has run out has no slots
        self.slots += 1
        self._list(MISSING, at, None, span)

    def _judge(self, row: Row) -> None:
        """A row that begins where no slot is left for it."""
        at, until = instant_at(row.first), None if row.last == row.first else instant_at(row.last)
        span = self._span_of(at)
        if span.spec is None:
            return
        rows = self.evidence.rows_of(at) if len(self.problems) < self.most else ()
        if rows and all(_is_of_another_time(each, span, self.evidence.present) for each in rows):
            return
        if count_slots(span.spec, at - TICK, until or at) == 0:
            self._list(UNEXPECTED, at, until, span, rows)
            return
        if row.first != self._doubled:
            self.accounted -= 1
            self._doubled = row.first
        self._list(TWICE, at, until, span, rows)

    def _take_range(self, row: Row, count: int) -> None:
        """A row of several slots, of which so many are in its time and had none before."""
        at, until = instant_at(row.first), instant_at(row.last)
        span = self._span_of(at)
        self.slots += count
        self.accounted += count
        if span.spec is None or row.slots == 1:  # of what could not be planned the number is not known
            return
        if row.first <= self._covered:
            self._judge(row)
        elif at >= self.since and until < self.until and count != row.slots:
            self.accounted -= max(0, count - row.slots)
            problem = MISSING if row.slots < count else UNEXPECTED
            says = f"the row says {row.slots} slots, and there are {count}"
            self._list(problem, at, until, span, self.evidence.rows_of(at), says)

    def _list(
        self,
        problem: Kind,
        at: datetime,
        until: datetime | None,
        span: Span,
        rows: Sequence[Details] = (),
        detail: str | None = None,
    ) -> None:
        self.found += 1
        if len(self.problems) < self.most:
            self.problems.append(Problem(problem, at, until, span.version, rows, detail))

    def _span_of(self, at: datetime) -> Span:
        return self.spans[min(bisect_left(self.spans, at, key=_until), len(self.spans) - 1)]


def _until(span: Span) -> datetime:
    return span.until


def _is_of_another_time(row: Details, span: Span, now: datetime) -> bool:
    """Whether a clock that was ahead has planned it: by a definition that had been replaced by then, or later than it
    is now."""
    return (row.version is not None and row.version < span.version) or row.planned_at > now
