"""Catch-up and overlap as tables: policy x situation -> what runs, what is skipped and why."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.words.states import Catchup, Overlap, SkipReason
from scheduling.slots.decisions import BUFFER_LIMIT, Decision, Policy, decide, skip_all
from scheduling.slots.spec import Spec, count_slots

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
EVERY_MINUTE = Spec(cron=("* * * * *",))


def minute(number: int) -> datetime:
    return NOON + timedelta(minutes=number)


def minutes(decision: Decision) -> list[int]:
    return [int((run - NOON).total_seconds() // 60) for run in decision.runs]


def skips(decision: Decision) -> list[tuple[str, int, int, int]]:
    def number(instant: datetime) -> int:
        return int((instant - NOON).total_seconds() // 60)

    return [(skip.reason.value, number(skip.slot_at), number(skip.slot_until), skip.count) for skip in decision.skips]


LATE = timedelta(minutes=4, seconds=90)  # the newest slot is minute 5, 30 s late: on time
STALE = Spec(cron=("0 * * * *",))


@pytest.mark.parametrize(
    ("catchup", "runs", "skipped"),
    [
        (Catchup.NONE, [5], [("missed", 1, 4, 4)]),
        (Catchup.LATEST, [5], [("coalesced", 1, 4, 4)]),
        (Catchup.EARLIEST, [1, 5], [("coalesced", 2, 4, 3)]),
        (Catchup.ALL, [1, 2, 3, 4, 5], []),
    ],
)
def test_the_newest_slot_on_time_runs_under_every_catch_up_policy(
    catchup: Catchup, runs: list[int], skipped: list[tuple[str, int, int, int]]
) -> None:
    decision = decide(EVERY_MINUTE, Policy(Overlap.ALLOW, catchup), NOON, NOON + LATE, 0)
    assert (minutes(decision), skips(decision)) == (runs, skipped)


@pytest.mark.parametrize(
    ("catchup", "runs", "skipped"),
    [
        (Catchup.NONE, [], [("missed", 60, 240, 4)]),
        (Catchup.LATEST, [240], [("coalesced", 60, 180, 3)]),
        (Catchup.EARLIEST, [60], [("coalesced", 120, 240, 3)]),
        (Catchup.ALL, [60, 120, 180, 240], []),
    ],
)
def test_late_slots_run_by_the_catch_up_policy(
    catchup: Catchup, runs: list[int], skipped: list[tuple[str, int, int, int]]
) -> None:
    decision = decide(STALE, Policy(Overlap.ALLOW, catchup), NOON, minute(290), 0)
    assert (minutes(decision), skips(decision)) == (runs, skipped)


@pytest.mark.parametrize(("seconds", "runs"), [(60, [0]), (61, [])])
def test_on_time_means_at_most_sixty_seconds_late(seconds: int, runs: list[int]) -> None:
    now = NOON + timedelta(seconds=seconds)
    decision = decide(STALE, Policy(catchup=Catchup.NONE), NOON - timedelta(minutes=1), now, 0)
    assert minutes(decision) == runs


def test_slots_before_the_window_are_missed_whatever_the_policy() -> None:
    policy = Policy(Overlap.ALLOW, Catchup.ALL, catchup_window=timedelta(hours=2))
    decision = decide(STALE, policy, NOON, minute(290), 0)
    assert (minutes(decision), skips(decision)) == ([180, 240], [("missed", 60, 120, 2)])


def test_at_most_a_hundred_slots_run_and_they_are_the_newest() -> None:
    decision = decide(EVERY_MINUTE, Policy(Overlap.ALLOW, Catchup.ALL), NOON, minute(150), 0)
    assert minutes(decision) == list(range(51, 151))
    assert skips(decision) == [("limit", 1, 50, 50)]


@pytest.mark.parametrize(
    ("overlap", "active", "runs", "skipped", "cancels"),
    [
        (Overlap.SKIP, 0, [1], [("overlap", 2, 4, 3)], False),
        (Overlap.SKIP, 1, [], [("overlap", 1, 4, 4)], False),
        (Overlap.BUFFER_ONE, 0, [1, 2], [("overlap", 3, 4, 2)], False),
        (Overlap.BUFFER_ONE, 1, [1], [("overlap", 2, 4, 3)], False),
        (Overlap.BUFFER_ONE, 2, [], [("overlap", 1, 4, 4)], False),
        (Overlap.BUFFER_ALL, 1, [1, 2, 3, 4], [], False),
        (Overlap.BUFFER_ALL, BUFFER_LIMIT - 1, [1, 2], [("overlap", 3, 4, 2)], False),
        (Overlap.CANCEL_OTHER, 0, [4], [("overlap", 1, 3, 3)], False),
        (Overlap.CANCEL_OTHER, 3, [4], [("overlap", 1, 3, 3)], True),
        (Overlap.ALLOW, 7, [1, 2, 3, 4], [], False),
    ],
)
def test_overlap_admits_what_fits_beside_active_runs(
    overlap: Overlap, active: int, runs: list[int], skipped: list[tuple[str, int, int, int]], cancels: bool
) -> None:
    decision = decide(EVERY_MINUTE, Policy(overlap, Catchup.ALL), NOON, minute(4), active)
    assert (minutes(decision), skips(decision), decision.cancel_active) == (runs, skipped, cancels)


def test_max_runs_ends_a_schedule_in_the_middle_of_a_decision() -> None:
    decision = decide(EVERY_MINUTE, Policy(Overlap.ALLOW, Catchup.ALL, remaining=3), NOON, minute(5), 0)
    assert (minutes(decision), skips(decision)) == ([1, 2, 3], [("limit", 4, 5, 2)])
    assert decide(EVERY_MINUTE, Policy(remaining=0), NOON, minute(5), 0) == Decision()


def test_nothing_due_is_no_decision() -> None:
    assert decide(EVERY_MINUTE, Policy(), NOON, NOON + timedelta(seconds=59), 0) == Decision()
    assert decide(EVERY_MINUTE, Policy(), minute(5), NOON, 0) == Decision()


def test_what_a_pause_covers_is_one_row_with_the_count() -> None:
    decision = skip_all(EVERY_MINUTE, SkipReason.PAUSED, NOON, minute(1000))
    assert skips(decision) == [("paused", 1, 1000, 1000)]


@given(
    overlap=st.sampled_from(Overlap),
    catchup=st.sampled_from(Catchup),
    active=st.integers(0, 3),
    remaining=st.none() | st.integers(1, 5),
    elapsed_seconds=st.integers(0, 20_000),
    window_seconds=st.integers(0, 20_000),
)
def test_every_due_slot_is_decided_exactly_once(
    overlap: Overlap,
    catchup: Catchup,
    active: int,
    remaining: int | None,
    elapsed_seconds: int,
    window_seconds: int,
) -> None:
    now = NOON + timedelta(seconds=elapsed_seconds)
    policy = Policy(overlap, catchup, timedelta(seconds=window_seconds), remaining)
    decision = decide(EVERY_MINUTE, policy, NOON, now, active)
    decided = list(decision.runs)
    for skip in decision.skips:
        covered = [skip.slot_at + timedelta(minutes=n) for n in range(skip.count)]
        assert covered[-1] == skip.slot_until
        decided += covered
    assert len(decided) == len(set(decided)) == count_slots(EVERY_MINUTE, NOON, now)


def test_a_year_of_missed_minutes_is_two_rows() -> None:
    decision = decide(EVERY_MINUTE, Policy(), NOON, NOON + timedelta(days=365, seconds=90), 0)
    last_day = 365 * 1440 + 1
    assert minutes(decision) == [last_day]
    assert skips(decision) == [
        ("missed", 1, last_day - 1440, last_day - 1440),
        ("coalesced", last_day - 1439, last_day - 1, 1439),
    ]
