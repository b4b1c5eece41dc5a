"""What people ask for by hand, and how a run's first attempt is remembered."""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from models.lifecycle.ended import tally_outcomes
from models.lifecycle.finishing import FinishedAttempt, finish_runs
from models.sql.clock import read_clock
from models.words import backoff
from models.words.backoff import QUICK_RETRIES, SHORTEST_SECONDS, backoff_seconds
from models.words.states import Outcome, State, Trigger
from tests.models.rows import WORKER, add_run, add_schedule, claim, read_run, set_run


def test_failures_by_hand_pause_nothing_and_a_success_ends_a_row_of_failures(engine: sa.Engine) -> None:
    """Whoever looks for what is wrong makes many, and a retry that succeeds says that it is mended."""

    def end(trigger: Trigger, state: State) -> tuple[int, bool]:
        run = add_run(connection, schedule_id=schedule, trigger=trigger)
        [won] = claim(connection, run)
        outcome = Outcome.SUCCEEDED if state is State.SUCCEEDED else Outcome.FAILED
        attempt = FinishedAttempt.of(won, outcome, state, now, started_at=now)
        assert tally_outcomes(connection, finish_runs(connection, [attempt], WORKER)) == []
        query = "SELECT consecutive_failures, paused_at IS NOT NULL FROM schedules"
        count, is_paused = connection.exec_driver_sql(query).one()
        return count, is_paused

    with engine.begin() as connection:
        now = read_clock(connection)
        schedule = add_schedule(connection, pause_after_failures=2)
        assert end(Trigger.SCHEDULE, State.FAILED) == (1, False)
        for _ in range(3):
            assert end(Trigger.MANUAL, State.FAILED) == (1, False)
        assert end(Trigger.MANUAL, State.SUCCEEDED) == (0, False)
        assert end(Trigger.SCHEDULE, State.FAILED) == (1, False)
        assert end(Trigger.SCHEDULE, State.FAILED) == (2, True)


def test_an_attempt_that_another_follows_keeps_when_it_was_due(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        run = add_run(connection, due_seconds=-5, max_retries=3)
        due, now = read_run(connection, run).due_at, read_clock(connection)
        [won] = claim(connection, run)
        failed = FinishedAttempt.of(won, Outcome.FAILED, State.RETRYING, now, started_at=now, delay_seconds=60)
        finish_runs(connection, [failed], WORKER)
        row = read_run(connection, run)
        assert (datetime.fromisoformat(row.attempts[0]["due_at"]), row.due_at > now) == (due, True)
        set_run(connection, run, "due_at = now()")
        [again] = claim(connection, run, attempt=1)
        finish_runs(
            connection, [FinishedAttempt.of(again, Outcome.SUCCEEDED, State.SUCCEEDED, now, started_at=now)], WORKER
        )
        assert ["due_at" in attempt for attempt in read_run(connection, run).attempts] == [True, False]


@pytest.mark.parametrize(("shortest", "longest"), [(0, 0), (0, 3600), (0.01, 0.01)])
def test_whoever_has_failed_often_waits(shortest: float, longest: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backoff.random, "uniform", lambda least, _most: least)
    waits = [backoff_seconds(retries, shortest, longest) for retries in range(QUICK_RETRIES + 3)]
    assert waits[: QUICK_RETRIES - 1] < [SHORTEST_SECONDS] * QUICK_RETRIES
    assert waits[QUICK_RETRIES:] == [SHORTEST_SECONDS] * 3
    assert timedelta(seconds=backoff_seconds(1000, 15, 60)) == timedelta(minutes=1)
