"""Schedules that are alike are decided together: all that a decision depends on must be compared."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest

from models.lifecycle.planning import LiveRuns
from models.words.states import Catchup, Overlap
from scheduling.slots.due import deadline_of, group_alike, what_is_due

NOW = datetime(2026, 5, 4, 12, 0, 30, tzinfo=UTC)

DIFFERENT: dict[str, Any] = {
    "cron": ["* * * * *", "30 * * * *"],
    "every_seconds": 10.0,
    "at": NOW - timedelta(seconds=10),
    "timezone": "Europe/Berlin",
    "starts_at": NOW - timedelta(days=1),
    "ends_at": NOW + timedelta(days=1),
    "max_runs": 5,
    "slots_run": 3,
    "jitter_seconds": 2.0,
    "overlap": Overlap.ALLOW,
    "catchup": Catchup.ALL,
    "catchup_window_seconds": 60.0,
    "start_deadline_seconds": 5.0,
    "paused_at": NOW - timedelta(seconds=50),
    "paused_until": NOW - timedelta(seconds=20),
    "cursor_at": NOW - timedelta(seconds=90),
}


def schedule(**given: Any) -> SimpleNamespace:
    plain = dict.fromkeys(DIFFERENT) | {
        "id": uuid4(),
        "cron": ["* * * * *"],
        "timezone": "UTC",
        "slots_run": 0,
        "jitter_seconds": 0.0,
        "overlap": Overlap.SKIP,
        "catchup": Catchup.LATEST,
        "catchup_window_seconds": 86400.0,
        "cursor_at": NOW - timedelta(seconds=60),
    }
    return SimpleNamespace(**plain | given)


class Watched:
    """A schedule that notes which of its columns are read."""

    def __init__(self, row: SimpleNamespace) -> None:
        self._row = row
        self.read: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        self.read.add(name)
        return getattr(self._row, name)


def test_schedules_that_are_alike_are_one_group() -> None:
    rows = [schedule() for _ in range(3)]
    assert group_alike(rows, {}) == [rows]


@pytest.mark.parametrize("column", DIFFERENT)
def test_a_column_that_differs_makes_another_group(column: str) -> None:
    assert len(group_alike([schedule(), schedule(**{column: DIFFERENT[column]})], {})) == 2


def test_active_runs_make_another_group() -> None:
    idle, busy = schedule(), schedule()
    assert len(group_alike([idle, busy], {busy.id: LiveRuns(active=1)})) == 2


def test_jitter_is_a_schedules_own() -> None:
    assert len(group_alike([schedule(jitter_seconds=2.0), schedule(jitter_seconds=2.0)], {})) == 2


@pytest.mark.parametrize("paused_at", [None, NOW - timedelta(seconds=50)])
@pytest.mark.parametrize("max_runs", [None, 5])
def test_no_other_column_is_read_to_decide(paused_at: datetime | None, max_runs: int | None) -> None:
    watched = Watched(schedule(paused_at=paused_at, max_runs=max_runs))
    what_is_due(watched, NOW, LiveRuns())
    deadline_of(watched, NOW)
    assert watched.read <= DIFFERENT.keys()


@pytest.mark.parametrize(
    ("given", "live", "is_alone"),
    [
        ({}, LiveRuns(), True),
        ({"overlap": Overlap.BUFFER_ONE}, LiveRuns(active=1), False),
        ({}, LiveRuns(not_due=1), False),
        ({"overlap": Overlap.ALLOW}, LiveRuns(active=1), True),
        ({"overlap": Overlap.CANCEL_OTHER}, LiveRuns(active=1), False),
        (
            {"overlap": Overlap.BUFFER_ALL, "catchup": Catchup.ALL, "cursor_at": NOW - timedelta(hours=1)},
            LiveRuns(),
            False,
        ),
    ],
)
def test_a_run_is_alone_when_no_other_is_in_its_way(given: dict[str, Any], live: LiveRuns, is_alone: bool) -> None:
    assert what_is_due(schedule(**given), NOW, live).is_alone is is_alone


@pytest.mark.parametrize(("slots_run", "skipped"), [(0, ["paused"]), (4, []), (5, [])])
def test_a_pause_skips_no_slot_that_could_never_have_run(slots_run: int, skipped: list[str]) -> None:
    """The fifth of five runs is due before the pause, where four have been."""
    row = schedule(cron=["*/10 * * * * *"], paused_at=NOW - timedelta(seconds=50), max_runs=5, slots_run=slots_run)
    assert [skip.reason for skip in what_is_due(row, NOW, LiveRuns()).skips] == skipped


def test_groups_keep_the_order_in_which_schedules_are_due() -> None:
    first, other, second = schedule(), schedule(timezone="Europe/Berlin"), schedule()
    ids: list[list[UUID]] = [[row.id for row in group] for group in group_alike([first, other, second], {})]
    assert ids == [[first.id, second.id], [other.id]]
