"""The notifier: what happens to runs becomes runs that tell of it."""

import pytest
import sqlalchemy as sa

from models.words.states import SkipReason, State
from tests.models.rows import add_run, add_schedule, claim, set_run
from tests.scheduling.notices.happening import Notices, finish, kinds, put, run, took


def test_a_failure_is_told_with_what_is_known_of_it(engine: sa.Engine, notices: Notices) -> None:
    put(engine)
    with engine.begin() as connection:
        schedule = add_schedule(connection)
        failed = run(connection, seconds=2, schedule_id=schedule)
    (notice,) = notices()
    at = notice.pop("at")
    assert at.endswith("Z")
    assert notice.pop("id")
    assert 1.9 < notice.pop("duration_seconds") < 2.1
    assert notice == {
        "channel": "ops",
        "kind": "failed",
        "schedule": "tick",
        "actor": "work",
        "run_id": str(failed),
        "slot_at": None,
        "attempt": 1,
        "error_type": "ValueError",
        "error_message": "no such customer",
        "streak": 1,
        "lateness_seconds": None,
        "median_seconds": None,
        "reason": None,
    }
    assert notices() == []


def test_nobody_is_told_of_a_failure_that_is_tried_again(engine: sa.Engine, notices: Notices) -> None:
    put(engine)
    with engine.begin() as connection:
        id_ = add_run(connection, max_retries=1, min_backoff_seconds=0)
        finish(connection, id_, State.RETRYING)
    assert notices() == []
    with engine.begin() as connection:
        set_run(connection, id_, "due_at = now()")
        finish(connection, id_, State.FAILED, attempt=2)
    (notice,) = notices()
    assert (notice["kind"], notice["attempt"], notice["schedule"]) == ("failed", 2, None)


def test_a_streak_is_counted_and_its_end_is_told(engine: sa.Engine, notices: Notices) -> None:
    put(engine, after_failures=2)
    with engine.begin() as connection:
        schedule = add_schedule(connection)
        other = add_schedule(connection, "other")
    found = []
    for state in (State.FAILED, State.FAILED, State.SUCCEEDED, State.SUCCEEDED):
        with engine.begin() as connection:
            run(connection, state, schedule_id=schedule)
            run(connection, State.SUCCEEDED, schedule_id=other)
        found += notices()
    assert [(each["kind"], each["streak"]) for each in found] == [("failed", 2), ("recovered", 2)]
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM notice_standings").scalar_one() == 0


def test_what_fails_and_succeeds_between_two_looks_is_seen_in_order(engine: sa.Engine, notices: Notices) -> None:
    put(engine)
    with engine.begin() as connection:
        schedule = add_schedule(connection)
    for state in (State.SUCCEEDED, State.FAILED, State.SUCCEEDED):
        with engine.begin() as connection:
            run(connection, state, schedule_id=schedule)
    assert sorted(kinds(notices())) == ["failed", "recovered"]


def test_a_run_that_does_not_begin_is_told_of_once_it_is_late(engine: sa.Engine, notices: Notices) -> None:
    put(engine)
    assert notices() == []
    with engine.begin() as connection:
        schedule = add_schedule(connection, notify_late_seconds=60)
        late = add_run(connection, -90, schedule_id=schedule)
        add_run(connection, -30, schedule_id=schedule)
        add_run(connection, -90, schedule_id=add_schedule(connection, "patient"))
    (notice,) = notices()
    assert (notice["kind"], notice["run_id"], notice["schedule"]) == ("late", str(late), "tick")
    assert 89 < notice["lateness_seconds"] < 120
    assert notices() == []
    with engine.begin() as connection:
        finish(connection, late, State.SUCCEEDED)
    assert notices() == []


def test_a_run_that_began_late_is_told_of(engine: sa.Engine, notices: Notices) -> None:
    put(engine, events=["late"])
    with engine.begin() as connection:
        schedule = add_schedule(connection, notify_late_seconds=60)
        late = add_run(connection, -90, schedule_id=schedule)
        punctual = add_run(connection, -30, schedule_id=schedule)
        for each in (late, punctual):
            assert claim(connection, each)
    (notice,) = notices()
    assert (notice["kind"], notice["run_id"], notice["attempt"]) == ("late", str(late), 1)


def test_a_retry_long_after_is_not_late(engine: sa.Engine, notices: Notices) -> None:
    put(engine, events=["late"])
    with engine.begin() as connection:
        schedule = add_schedule(connection, notify_late_seconds=60)
        id_ = add_run(connection, schedule_id=schedule, max_retries=3)
        finish(connection, id_, State.RETRYING)
        set_run(connection, id_, "due_at = now() - interval '1 h'")
        finish(connection, id_, State.FAILED, attempt=2)
    assert notices() == []


@pytest.mark.parametrize(
    ("reason", "found"), [(SkipReason.MISSED, ["missed"]), (SkipReason.DEADLINE, ["missed"]), (SkipReason.OVERLAP, [])]
)
def test_a_slot_that_passed_is_missed(
    engine: sa.Engine, notices: Notices, reason: SkipReason, found: list[str]
) -> None:
    put(engine)
    with engine.begin() as connection:
        add_run(connection, schedule_id=add_schedule(connection), state=State.SKIPPED, reason=reason)
    told = notices()
    assert kinds(told) == found
    assert [each["reason"] for each in told] == [reason.value] * len(found)


def test_a_run_is_slow_by_those_before_it(engine: sa.Engine, notices: Notices) -> None:
    put(engine, slow_factor=2)
    runs = took(engine, 9, 10, 11, 19, 30, 19)
    (notice,) = notices()
    assert (notice["kind"], notice["run_id"], notice["median_seconds"]) == ("slow", str(runs[4]), 10.5)


def test_of_few_runs_nobody_knows_what_is_slow(engine: sa.Engine, notices: Notices) -> None:
    put(engine)
    took(engine, 1, 1, 100)
    assert notices() == []
