"""Counts: what is counted of the ends of attempts and runs, by what they were. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from models.lifecycle.ended import EndedRun
from models.lifecycle.finishing import FinishedAttempt
from models.lifecycle.publishing import LeasedRun
from models.statistics.histogram import Histogram
from models.words.states import State

ALL = ""
"""In place of an actor and a queue: those of all together. In place of an outcome: no attempt has ended."""

EVER = 0
FIVE_MINUTES = 300
HOUR = 3600
OF_EACH = (EVER, FIVE_MINUTES)
OF_ALL = (FIVE_MINUTES, HOUR)
"""Over which spans what is counted of each actor and queue, and of all together, is summed up: in seconds."""


class Kind(NamedTuple):
    """What is counted apart. A `state` that is not final is of an attempt after which its run goes on."""

    actor: str
    queue: str
    state: str
    outcome: str = ALL


class Counted(NamedTuple):
    """One end. `lateness` is how long after it was due a run has begun, once for each run; in seconds, as the
    `duration` of an attempt."""

    kind: Kind
    lateness: float | None = None
    duration: float | None = None


class Count:
    """How many there were, how late they began, how long they took."""

    __slots__ = ("duration", "lateness", "runs")

    def __init__(self) -> None:
        self.runs = 0
        self.lateness = Histogram()
        self.duration = Histogram()

    def merge(self, other: "Count") -> None:
        """Those of another are among these, too."""
        self.runs += other.runs
        self.lateness.merge(other.lateness)
        self.duration.merge(other.duration)


class Counts(dict[Kind, Count]):
    """Counts by kind."""

    def of(self, kind: Kind) -> Count:
        """That of a kind, from none on."""
        count = self.get(kind)
        if count is None:
            count = self[kind] = Count()
        return count

    def note(self, each: Counted) -> None:
        """There was one more."""
        count = self.of(each.kind)
        count.runs += 1
        if each.lateness is not None:
            count.lateness.note(each.lateness)
        if each.duration is not None:
            count.duration.note(each.duration)

    def add(self, actor: str, queue: str, state: str, runs: int) -> None:
        """There were so many more that have ended without an attempt."""
        self.of(Kind(actor, queue, state)).runs += runs

    def of_all(self) -> "Counts":
        """The same without actor and queue."""
        together = Counts()
        for kind, count in self.items():
            together.of(kind._replace(actor=ALL, queue=ALL)).merge(count)
        return together

    def rows(self) -> Iterator[Mapping[str, Any]]:
        """As rows of `statistics`, in each of the spans, without the beginnings of those."""
        for spans, counts in ((OF_EACH, self), (OF_ALL, self.of_all())):
            for span in spans:
                for kind, count in counts.items():
                    yield {"span_seconds": span, **kind._asdict(), **_columns(count)}


def of_attempt(end: FinishedAttempt, state: str) -> Counted:
    """The end of an attempt, and the state of its run then. Only of a first attempt is it known when it was due."""
    lateness = duration = None
    if end.started_at is not None:
        duration = (end.finished_at - end.started_at).total_seconds()
        if end.attempt == 1 and end.due_at is not None:
            lateness = (end.started_at - end.due_at).total_seconds()
    return Counted(Kind(end.actor, end.queue, state, end.outcome), lateness, duration)


def of_attempts(ends: Iterable[FinishedAttempt], written: Iterable[EndedRun]) -> Iterator[Counted]:
    """Those of these ends of attempts that were written, by what their runs are then."""
    states = {(run.id, run.attempt): run.state for run in written}
    return (of_attempt(end, state) for end in ends if (state := states.get((end.id, end.attempt))) is not None)


def of_ended(runs: Iterable[EndedRun]) -> list[Counted]:
    """Runs that have ended without an attempt. Those that are still under way were only asked to."""
    return [Counted(Kind(run.actor, run.queue, run.state)) for run in runs if run.state != State.RUNNING]


def of_skipped(run: LeasedRun) -> Counted:
    """The record that slots did not run."""
    return Counted(Kind(run.actor, run.queue, State.SKIPPED))


def _columns(count: Count) -> Mapping[str, Any]:
    return {
        "runs": count.runs,
        "lateness": count.lateness.counts if len(count.lateness) else [],
        "lateness_seconds": count.lateness.seconds,
        "duration": count.duration.counts if len(count.duration) else [],
        "duration_seconds": count.duration.seconds,
    }
