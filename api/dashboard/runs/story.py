"""What has happened to a run so far, in the order of time: its moments, its attempts, and what they printed. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from api.shapes.run_json import AttemptJson, RunError, RunJson
from models.finding.around import TAIL_CHARACTERS
from models.runs import StoredRun
from models.words.states import FINAL_STATES, State

SHOWN_BEFORE = 3
"""Of the attempts before the latest so many have moments of their own."""


@dataclass(frozen=True)
class Moment:
    """Something that happened, or will, and how many seconds after what stands before it."""

    word: str
    at: datetime
    after: float | None = None


@dataclass(frozen=True)
class Attempt:
    """One attempt: the one that runs has neither end nor outcome."""

    number: int
    worker: UUID | None
    started_at: datetime | None
    finished_at: datetime | None
    outcome: str
    error: RunError | None
    backoff_seconds: float | None

    @property
    def seconds(self) -> float | None:
        """How long it took."""
        if self.started_at is None or self.finished_at is None:
            return None
        return (self.finished_at - self.started_at).total_seconds()


@dataclass(frozen=True)
class Printed:
    """What an attempt printed: `is_cut` where `output` is but the end of it, `output_truncated` where the worker has
    kept less than there was."""

    attempt: int
    output: str
    is_cut: bool
    output_truncated: bool
    traceback: str | None


def printed_of(row: StoredRun, rows: Iterable[Any]) -> list[Printed]:
    """By attempts, the latest first. What the latest has printed until now is known with its run alone."""
    known = {
        each.attempt: Printed(each.attempt, each.output or "", each.is_cut, each.output_truncated, each.traceback)
        for each in rows
    }
    if row.output:
        traceback = known[row.attempt].traceback if row.attempt in known else None
        text = row.output[-TAIL_CHARACTERS:]
        is_cut = len(text) < len(row.output)
        known[row.attempt] = Printed(row.attempt, text, is_cut, row.output_truncated, traceback)
    return sorted(known.values(), key=lambda each: -each.attempt)


def moments_of(run: RunJson, first_due: datetime) -> list[Moment]:
    """From the plan to the end, each with its span since the one before."""
    found = sorted(_moments(run, first_due), key=lambda each: each.at)
    befores: list[Moment | None] = [None, *found]
    return [
        Moment(each.word, each.at, None if before is None else (each.at - before.at).total_seconds())
        for before, each in zip(befores, found, strict=False)
    ]


def attempts_of(run: RunJson) -> list[Attempt]:
    """The latest first, and before them the one that runs."""
    ended = [
        Attempt(
            each.number, each.worker, each.started_at, each.finished_at, each.outcome, each.error, each.backoff_seconds
        )
        for each in reversed(run.attempts)
    ]
    if run.state != State.RUNNING:
        return ended
    return [Attempt(run.attempt, run.worker_id, run.started_at, None, State.RUNNING, None, None), *ended]


def _moments(run: RunJson, first_due: datetime) -> Iterator[Moment]:
    before = _before(run)
    if run.slot_at is not None and run.slot_at != first_due:
        yield Moment("Slot", run.slot_at)
    yield Moment("Planned", run.planned_at)
    yield Moment("Due", first_due)
    for each in before[-SHOWN_BEFORE:]:
        if each.started_at is not None:
            yield Moment(f"Attempt {each.number} started", each.started_at)
        yield Moment(f"Attempt {each.number}: {each.outcome.replace('_', ' ')}", each.finished_at)
    since = before[-1].finished_at if before else None
    if since is not None and run.due_at > since:
        yield Moment("Due again", run.due_at)
    if run.queued_at is not None and (since is None or run.queued_at >= since):
        yield Moment("Queued", run.queued_at)
    if run.started_at is not None and (since is None or run.started_at >= since):
        yield Moment("Started", run.started_at)
    if run.cancel_requested_at is not None:
        yield Moment("Asked to stop", run.cancel_requested_at)
    if run.finished_at is not None and run.state in FINAL_STATES:
        yield Moment(run.state.capitalize(), run.finished_at)


def _before(run: RunJson) -> list[AttemptJson]:
    """The attempts that are over, where the run is not over with them."""
    is_last = run.state in FINAL_STATES and run.attempts and run.attempts[-1].number == run.attempt
    return run.attempts[:-1] if is_last else run.attempts
