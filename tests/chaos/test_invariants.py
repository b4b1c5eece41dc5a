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
from tests.chaos.subscriber import Move
from tests.chaos.tellings import EXCHANGE, LOG, Told

RUN = UUID(int=1)
MOVES = (
    (0, "planned"), (0, "queued"), (1, "running"), (1, "retrying"), (1, "queued"), (2, "running"), (2, "succeeded"),
)  # fmt: skip
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
    told: list[Move] = field(default_factory=lambda: list(MOVES))
    odd: list[str] = field(default_factory=list)
    untold: frozenset[UUID] = frozenset()
    sources: tuple[str, ...] = ()
    """Those that tell others of it: by default nobody hears of anything."""

    def violations(self, *, may_lose: bool = False) -> list[str]:
        starts, ends = ({}, {})  # type: ignore[var-annotated]
        for target, events in ((starts, self.starts), (ends, self.ends)):
            for each in events:
                target.setdefault((each.run_id, each.attempt), []).append(each)
        told = Told({source: {RUN: self.told} for source in self.sources}, self.untold, odd=self.odd)
        evidence = Evidence({RUN: self.run}, starts, ends, self.cancelled, self.slots, [], told)
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


def test_a_history_that_is_told_as_it_was_has_no_violation() -> None:
    assert History(sources=(LOG, EXCHANGE)).violations() == []
    cancelled = History(sources=(LOG,), told=[(0, "skipped")], starts=[], ends=[])
    cancelled.run |= {"state": "skipped", "attempt": 0, "retries": 0, "attempts": []}
    assert cancelled.violations() == []


def test_what_a_release_before_began_may_be_told_in_part() -> None:
    assert History(sources=(LOG,), told=[(1, "queued"), (2, "running")], untold=frozenset({RUN})).violations() == []


MISTOLD: dict[str, tuple[Callable[[History], Any], set[str]]] = {
    **{
        f"{move} is not told": (lambda h, move=move: h.told.remove(move), {"every_move_is_told"})  # type: ignore[misc]
        for move in MOVES
        if move[1] in ("retrying", "succeeded")
    },
    "nobody tells that it was there": (lambda h: h.told.__delitem__(slice(2)), {"every_move_is_told"}),
    "an attempt is not told": (
        lambda h: h.told.remove((1, "running")), {"every_move_is_told", "nothing_starts_untold"},
    ),
    "a start is not told of an attempt that nobody claimed": (
        lambda h: h.starts.append(event(3, "start")), {"nothing_starts_unclaimed", "nothing_starts_untold"},
    ),
    "told the wrong way round": (lambda h: h.told.reverse(), {"nothing_else_is_told"}),
    "told to be queued before it is to be tried again": (
        lambda h: h.told.insert(2, h.told.pop(4)), {"nothing_else_is_told"},
    ),
    "told of another end as well": (lambda h: h.told.append((2, "failed")), {"nothing_else_is_told"}),
    "told of an attempt that was not": (lambda h: h.told.append((3, "running")), {"nothing_else_is_told"}),
    "called by another name": (lambda h: h.odd.append("…"), {"nothing_else_is_told"}),
}  # fmt: skip


@pytest.mark.parametrize(("break_it", "invariants"), MISTOLD.values(), ids=MISTOLD)
def test_what_is_told_wrongly_is_seen(break_it: Callable[[History], Any], invariants: set[str]) -> None:
    history = History(sources=(LOG, EXCHANGE))
    break_it(history)
    seen = history.violations()
    assert {*seen} - {"nothing_else_is_told"} == invariants - {"nothing_else_is_told"}
    assert invariants <= {*seen}


def test_a_lost_attempt_is_no_violation_where_a_worker_died() -> None:
    history = History()
    history.attempt(0, outcome="lost")
    assert history.violations(may_lose=True) == []
