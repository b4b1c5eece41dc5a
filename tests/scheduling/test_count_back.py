"""Slots that were skipped or cancelled before they started did not run: `max_runs` counts them back."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from actors.worker.running.interrupts import Cancelled
from actors.worker.running.outcome import RetryRule, cancel, fail
from models.lifecycle.ended import tally_outcomes
from models.lifecycle.finishing import finish_runs
from scheduling.commands import runs
from scheduling.commands.audit import By
from scheduling.plan import plan_due
from scheduling.rescue import skip_overdue
from tests.models.lifecycle.test_interruptions import given_back, stopped
from tests.models.rows import WORKER, add_schedule, claim, set_run

MISSES_DEADLINE = "deadline_at = now()"


def plan(engine: sa.Engine) -> int:
    with engine.begin() as connection:
        return plan_due(connection, 100).runs


def ask(engine: sa.Engine, sql: str) -> list[Any]:
    with engine.begin() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(sql)]


def stands(engine: sa.Engine) -> tuple[int, bool]:
    """How many slots have run, and whether the schedule is to be planned again."""
    [row] = ask(engine, "SELECT slots_run, next_due_at IS NOT NULL FROM schedules")
    return row[0], row[1]


def skip(engine: sa.Engine) -> None:
    skip_overdue(engine, 100)


@pytest.fixture
def run(engine: sa.Engine) -> UUID:
    """The only run that its schedule may have."""
    with engine.begin() as connection:
        add_schedule(connection, every_seconds=1000, cursor_seconds_ago=1000, max_runs=1)
    assert plan(engine) == 1
    assert stands(engine) == (1, False)
    [(id_,)] = ask(engine, "SELECT id FROM runs")
    return UUID(str(id_))


def come_due_again(engine: sa.Engine) -> None:
    due = "every_seconds = 1, cursor_at = now() - interval '1.5 s', next_due_at = now()"
    ask(engine, f"UPDATE schedules SET {due} RETURNING 1")


def end(engine: sa.Engine, run: UUID, of: Callable[..., Any], attempt: int = 0) -> None:
    with engine.begin() as connection:
        set_run(connection, run, "due_at = now()")
        written = finish_runs(connection, [of(each) for each in claim(connection, run, attempt)], WORKER)
    with engine.begin() as connection:
        assert tally_outcomes(connection, written) == []


def cancel_by_hand(engine: sa.Engine, run: UUID) -> None:
    with engine.begin() as connection:
        runs.cancel(connection, run, By("me"))


def miss_deadline(engine: sa.Engine, run: UUID) -> None:
    with engine.begin() as connection:
        set_run(connection, run, MISSES_DEADLINE)
    skip(engine)


def be_cancelled_in_a_worker(engine: sa.Engine, run: UUID) -> None:
    end(engine, run, lambda claimed: cancel(claimed, claimed.claimed_at))


def come_back_and_miss_it(engine: sa.Engine, run: UUID) -> None:
    end(engine, run, given_back)
    miss_deadline(engine, run)


@pytest.mark.parametrize(
    "happens",
    [miss_deadline, cancel_by_hand, be_cancelled_in_a_worker, come_back_and_miss_it],
    ids=lambda f: f.__name__,
)
def test_another_slot_may_run_in_the_place_of_one_that_did_not(
    engine: sa.Engine, run: UUID, happens: Callable[..., None]
) -> None:
    happens(engine, run)
    assert stands(engine) == (0, True)
    assert plan(engine) == 0
    assert stands(engine) == (0, True)
    come_due_again(engine)
    assert plan(engine) == 1
    assert stands(engine) == (1, False)


def test_what_had_started_has_run(engine: sa.Engine, run: UUID) -> None:
    end(engine, run, stopped)
    cancel_by_hand(engine, run)
    assert stands(engine) == (1, False)


def test_what_was_cancelled_while_it_ran_has_run(engine: sa.Engine, run: UUID) -> None:
    end(engine, run, lambda each: fail(each, Cancelled(), RetryRule(), each.claimed_at, each.claimed_at))
    assert stands(engine) == (1, False)


def test_a_run_by_hand_counts_neither_way(engine: sa.Engine, run: UUID) -> None:
    with engine.begin() as connection:
        set_run(connection, run, "state = 'failed'")
        again = runs.retry(connection, run, By("me"))
    cancel_by_hand(engine, again)
    assert stands(engine) == (1, False)


def test_a_slot_that_makes_way_for_a_newer_one_is_counted_back(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        add_schedule(connection, every_seconds=1000, cursor_seconds_ago=1000, max_runs=2, overlap="cancel_other")
    plan(engine)
    come_due_again(engine)
    assert plan(engine) == 1
    assert stands(engine) == (1, True)


def test_a_paused_schedule_stays_paused(engine: sa.Engine, run: UUID) -> None:
    ask(engine, "UPDATE schedules SET paused_at = now() RETURNING 1")
    cancel_by_hand(engine, run)
    assert stands(engine) == (0, False)


def test_while_somebody_has_locked_its_schedule_a_run_is_not_skipped_and_others_are(
    engine: sa.Engine, run: UUID
) -> None:
    with engine.begin() as connection:
        add_schedule(connection, "other", every_seconds=1000, cursor_seconds_ago=1000)
    plan(engine)
    ask(engine, f"UPDATE runs SET {MISSES_DEADLINE} RETURNING 1")
    with engine.begin() as holder:
        holder.exec_driver_sql("SELECT FROM schedules WHERE name = 'tick' FOR UPDATE")
        skip(engine)
        assert ask(engine, "SELECT schedule_name, state FROM runs ORDER BY 1") == [
            ("other", "skipped"),
            ("tick", "planned"),
        ]
    skip(engine)
    assert ask(engine, "SELECT DISTINCT state FROM runs") == [("skipped",)]
    assert ask(engine, "SELECT DISTINCT slots_run FROM schedules") == [(0,)]


def test_a_worker_counts_later_while_somebody_has_locked_the_schedule(engine: sa.Engine, run: UUID) -> None:
    with engine.begin() as connection:
        ends = [cancel(each, each.claimed_at) for each in claim(connection, run)]
        written = finish_runs(connection, ends, WORKER)
    with engine.begin() as holder:
        holder.exec_driver_sql("SELECT FROM schedules FOR UPDATE")
        with engine.begin() as connection:
            left = tally_outcomes(connection, written)
    assert [each.id for each in left] == [run]
    with engine.begin() as connection:
        assert tally_outcomes(connection, left) == []
    assert stands(engine) == (0, True)


def test_a_run_whose_schedule_is_gone_is_skipped_all_the_same(engine: sa.Engine, run: UUID) -> None:
    ask(engine, "DELETE FROM schedules RETURNING 1")
    miss_deadline(engine, run)
    assert ask(engine, "SELECT state FROM runs") == [("skipped",)]
