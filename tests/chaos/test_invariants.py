"""The invariants see what they are there to see: each on a history that breaks it alone."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.chaos.evidence import Evidence
from tests.chaos.invariants import violations
from tests.chaos.ledger import Event

RUN = UUID(int=1)
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def event(attempt: int, phase: str, outcome: str | None = None, run: UUID = RUN, seconds: float = 0) -> Event:
    return Event(run, attempt, phase, outcome, 100, NOW + timedelta(seconds=seconds))


def a_slot(**changes: Any) -> dict[str, Any]:
    return {"schedule": "tick", "slot": NOW, "rows": 1, "expected": True} | changes


def a_run() -> dict[str, Any]:
    error = {"type": "FailedOnPurpose", "message": ""}
    first = {"number": 1, "outcome": "failed", "started_at": "x", "error": error, "backoff_seconds": 0.2}
    second = {"number": 2, "outcome": "succeeded", "started_at": "x", "error": None, "backoff_seconds": None}
    run = {"id": RUN, "schedule_name": "tick", "state": "succeeded", "reason": None, "attempt": 2, "retries": 1}
    rest = {"max_retries": 3, "worker_id": None, "due_at": NOW, "lease_until": None, "finished_at": NOW}
    return run | rest | {"attempts": [first, second]}


@dataclass
class History:
    """One run that failed once and then succeeded, and one slot: nothing is wrong yet."""

    run: dict[str, Any] = field(default_factory=a_run)
    starts: list[Event] = field(default_factory=lambda: [event(1, "start"), event(2, "start")])
    ends: list[Event] = field(default_factory=lambda: [event(1, "end", "error"), event(2, "end", "ok")])
    slots: list[dict[str, Any]] = field(default_factory=lambda: [a_slot()])
    cancelled: dict[UUID, datetime] = field(default_factory=dict)

    def violations(self, *, may_lose: bool = False) -> list[str]:
        starts, ends = ({}, {})  # type: ignore[var-annotated]
        for target, events in ((starts, self.starts), (ends, self.ends)):
            for each in events:
                target.setdefault((each.run_id, each.attempt), []).append(each)
        evidence = Evidence({RUN: self.run}, starts, ends, self.cancelled, self.slots, [])
        return [problem.partition(":")[0] for problem in violations(evidence, may_lose=may_lose)]

    def attempt(self, index: int, **changes: Any) -> None:
        self.run["attempts"][index] |= changes


def test_a_history_without_fault_has_no_violation() -> None:
    assert History().violations() == []


BROKEN: dict[str, tuple[Callable[[History], Any], str]] = {
    "a slot without a row": (lambda h: h.slots.append(a_slot(rows=0)), "every_slot_has_one_row"),
    "a slot with two rows": (lambda h: h.slots.append(a_slot(rows=2)), "every_slot_has_one_row"),
    "a slot that is none": (lambda h: h.slots.append(a_slot(expected=False)), "every_slot_has_one_row"),
    "a run that never ended": (lambda h: h.run.update(finished_at=None), "every_run_ends"),
    "a second start": (lambda h: h.starts.append(event(2, "start")), "no_attempt_starts_twice"),
    "a start of an attempt that nobody claimed": (
        lambda h: h.starts.append(event(3, "start")), "nothing_starts_unclaimed",
    ),
    "a start of an unknown run": (
        lambda h: h.starts.append(event(1, "start", run=UUID(int=2))), "nothing_starts_unclaimed",
    ),
    "a start after a cancel": (
        lambda h: h.cancelled.update({RUN: NOW - timedelta(seconds=1)}), "nothing_starts_after_a_cancel",
    ),
    "a success without an end": (lambda h: h.ends.pop(), "history_tells_what_happened"),
    "a failure for another reason": (
        lambda h: h.attempt(0, error={"type": "OSError"}), "history_tells_what_happened",
    ),
    "a start only in the history": (lambda h: h.starts.pop(), "history_tells_what_happened"),
    "a start only in the ledger": (lambda h: h.attempt(1, started_at=None), "history_tells_what_happened"),
    "a missing attempt": (lambda h: h.run.update(attempt=3), "attempts_follow_the_policy"),
    "too many retries": (lambda h: h.run.update(max_retries=0), "attempts_follow_the_policy"),
    "a retry for an interruption": (lambda h: h.run.update(retries=2), "attempts_follow_the_policy"),
    "a failure with retries left": (lambda h: h.run.update(state="failed"), "attempts_follow_the_policy"),
    "a lost attempt": (lambda h: h.attempt(0, outcome="lost"), "nothing_is_lost"),
}  # fmt: skip


@pytest.mark.parametrize(("break_it", "invariant"), BROKEN.values(), ids=BROKEN)
def test_what_is_broken_is_seen(break_it: Callable[[History], Any], invariant: str) -> None:
    history = History()
    break_it(history)
    assert set(history.violations()) == {invariant}


def test_a_lost_attempt_is_no_violation_where_a_worker_died() -> None:
    history = History()
    history.attempt(0, outcome="lost")
    assert history.violations(may_lose=True) == []
