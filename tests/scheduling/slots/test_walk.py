"""One row for each slot: what is missing, twice or unexpected is found, and nothing else, in parts of any size."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from models.verifying.rows import Details, Row
from scheduling.slots.spans import BEGINNING, END, NOTHING, Span
from scheduling.slots.spec import Spec, microseconds
from scheduling.slots.walk import Walk

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
EVERY_MINUTE, EVERY_TEN = Spec(cron=("* * * * *",)), Spec(cron=("*/10 * * * *",))
NEVER_RAN_OUT = None


class Evidence:
    """Rows of the version in force, unless a test says otherwise."""

    def __init__(self, version: int = 1, planned_at: datetime = NOON, used_up: datetime | None = None) -> None:
        self.present = NOON + timedelta(days=1)
        self._details = Details(UUID(int=1), version, planned_at)
        self._used_up = used_up

    def rows_of(self, slot: datetime) -> list[Details]:
        return [self._details]

    def used_up_at(self, runs: int) -> datetime | None:
        return self._used_up


def at(minute: float) -> datetime:
    return NOON + minute * MINUTE


def row(first: float, last: float | None = None, slots: int = 1) -> Row:
    return Row(microseconds(at(first)), microseconds(at(first if last is None else last)), slots)


def spans(spec: Spec | None = EVERY_MINUTE, max_runs: int | None = None) -> list[Span]:
    """Created at noon, decided up to ten past."""
    return [
        Span(BEGINNING, NOON, 1, NOTHING),
        Span(NOON, at(10), 1, spec, max_runs),
        Span(at(10), END, 1, NOTHING),
    ]


def walk(
    rows: Sequence[Row],
    of: Sequence[Span] | None = None,
    evidence: Evidence | None = None,
    since: datetime = NOON - timedelta(hours=1),
    until: datetime = NOON + timedelta(hours=1),
    steps: int = 1000,
) -> tuple[int, int, list[tuple[str, float]]]:
    """Slots, those accounted for, and problems by their minute, in parts of so many steps."""
    slots = accounted = 0
    problems: list[tuple[str, float]] = []
    begin: datetime | None = since
    while begin is not None:
        first = microseconds(begin)
        last = microseconds(until)
        left = [
            each
            for each in rows
            if each.first < last and each.last >= first and (each.first >= first or each.last > each.first)
        ]
        part = Walk(of or spans(), begin, until, evidence or Evidence(), steps, 100)
        part.go(sorted(left))
        assert part.found == len(part.problems)
        slots, accounted = slots + part.slots, accounted + part.accounted
        problems += [(each.problem, (each.slot_at - NOON) / MINUTE) for each in part.problems]
        begin = part.stopped_at
    return slots, accounted, problems


TEN = [row(minute) for minute in range(1, 11)]
CASES = {
    "all": (TEN, (10, 10, [])),
    "one is missing": (TEN[:3] + TEN[4:], (10, 9, [("missing", 4)])),
    "the first and the last": (TEN[1:-1], (10, 8, [("missing", 1), ("missing", 10)])),
    "none is there": ([], (10, 0, [("missing", minute) for minute in range(1, 11)])),
    "twice": ([*TEN, row(4)], (10, 9, [("twice", 4)])),
    "three times": ([*TEN, row(4), row(4)], (10, 9, [("twice", 4), ("twice", 4)])),
    "no slot": ([*TEN, row(4.5)], (10, 10, [("unexpected", 4.5)])),
    "before it was created": ([*TEN, row(-3)], (10, 10, [("unexpected", -3)])),
    "after what is decided": ([*TEN, row(11)], (10, 10, [("unexpected", 11)])),
    "a range": ([*TEN[:2], row(3, 8, 6), *TEN[8:]], (10, 10, [])),
    "a range that says too few": ([*TEN[:2], row(3, 8, 5), *TEN[8:]], (10, 9, [("missing", 3)])),
    "a range that says too many": ([*TEN[:2], row(3, 8, 7), *TEN[8:]], (10, 10, [("unexpected", 3)])),
    "a slot of a range besides": ([*TEN[:2], row(3, 8, 6), row(5), *TEN[8:]], (10, 9, [("twice", 5)])),
    "no slot of a range besides": ([*TEN[:2], row(3, 8, 6), row(5.5), *TEN[8:]], (10, 10, [("unexpected", 5.5)])),
    "a range over rows": ([*TEN[:5], row(5, 8, 4), *TEN[8:]], (10, 9, [("twice", 5)])),
    "what could not be planned": ([*TEN[:2], row(2.1, 8.7), *TEN[8:]], (10, 10, [])),
}


@pytest.mark.parametrize("steps", [1000, 3, 1])
@pytest.mark.parametrize("name", CASES)
def test_each_slot_has_one_row(name: str, steps: int) -> None:
    rows, found = CASES[name]
    assert walk(rows, steps=steps) == found


@pytest.mark.parametrize("steps", [1000, 1])
def test_a_range_that_reaches_beyond_the_window_counts_within_it(steps: int) -> None:
    rows = [row(1, 4, 4), *TEN[4:7], row(8, 10, 3)]
    assert walk(rows, since=at(3), until=at(9), steps=steps) == (6, 6, [])


def test_a_window_that_ends_within_a_range_before_its_first_slot_has_nothing_twice() -> None:
    of = [Span(NOON, at(60), 1, EVERY_TEN), Span(at(60), END, 1, NOTHING)]
    rows = [row(10, 30, 3), row(40), row(50), row(60)]
    assert walk(rows, of, since=at(30.5)) == (2, 2, [])
    assert walk(rows, of, since=at(20.5)) == (3, 3, [])


def test_between_two_versions_each_slot_is_that_of_its_own() -> None:
    of = [
        Span(NOON, at(2.5), 1, EVERY_MINUTE),
        Span(at(2.5), at(30), 2, EVERY_TEN),
        Span(at(30), END, 2, NOTHING),
    ]
    rows = [row(1), row(2), row(10), row(20), row(30)]
    evidence = Evidence(version=2)
    assert walk(rows, of, evidence, since=NOON) == (5, 5, [])
    assert walk([*rows, row(3)], of, evidence, since=NOON) == (5, 5, [("unexpected", 3)])


def test_where_the_definition_is_not_known_nothing_is_said() -> None:
    of = [Span(BEGINNING, at(5), 0, None), *spans()[1:]]
    of[1] = Span(at(5), at(10), 2, EVERY_MINUTE)
    assert walk([row(1.5), *TEN[5:]], of) == (5, 5, [])


def test_what_a_clock_that_was_ahead_has_planned_is_no_surprise() -> None:
    of = [Span(NOON, at(5), 1, EVERY_MINUTE), Span(at(5), at(30), 2, EVERY_TEN), Span(at(30), END, 2, NOTHING)]
    rows = [*TEN[:7], row(10), row(20), row(30)]
    assert walk(rows, of, Evidence(version=1), since=NOON) == (8, 8, [])
    ahead = Evidence(planned_at=NOON + timedelta(days=2))
    assert walk([*TEN, row(11)], evidence=ahead) == (10, 10, [])


def test_what_has_run_out_has_no_slots() -> None:
    of = spans(max_runs=3)
    assert walk(TEN[:3], of, Evidence(used_up=at(3))) == (3, 3, [])
    assert walk(TEN[:5], of, Evidence(used_up=at(5))) == (5, 5, []), "what was skipped does not count"
    assert walk(TEN[1:3], of, Evidence(used_up=at(3))) == (3, 2, [("missing", 1)])
    assert walk(TEN[:3], of, Evidence(used_up=NEVER_RAN_OUT))[1:] == (3, [("missing", m) for m in range(4, 11)])


def test_a_long_list_is_cut_and_counted() -> None:
    part = Walk(spans(), NOON, at(60), Evidence(), 1000, 3)
    part.go([])
    assert (part.slots, part.found, len(part.problems)) == (10, 10, 3)
