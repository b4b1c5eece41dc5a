"""Interruptions in a row: counted by the row, free at first, and never without an end."""

from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from actors.worker.running.interrupts import Shutdown
from actors.worker.running.outcome import FREE_INTERRUPTIONS, MOST_INTERRUPTIONS, RetryRule, fail, interrupt
from models.lifecycle.claiming import ClaimedRun
from models.lifecycle.finishing import FIRST_ATTEMPTS, LAST_ATTEMPTS, FinishedAttempt, finish_runs
from models.words.states import State
from tests.models.rows import WORKER, add_run, claim, read_run, set_run


def stopped(run: ClaimedRun) -> FinishedAttempt:
    return fail(run, Shutdown(), RetryRule(), run.claimed_at, run.claimed_at)


def failed(run: ClaimedRun) -> FinishedAttempt:
    return fail(run, ValueError(), RetryRule(), run.claimed_at, run.claimed_at)


def given_back(run: ClaimedRun) -> FinishedAttempt:
    return interrupt(run, "no thread was free to start it", run.claimed_at)


def attempt(connection: sa.Connection, run: UUID, end: Any) -> sa.Row[Any]:
    """One attempt that ends so; the run as it is then, due at once."""
    [claimed] = claim(connection, run, attempt=read_run(connection, run).attempt)
    finish_runs(connection, [end(claimed)], WORKER)
    row = read_run(connection, run)
    set_run(connection, run, "due_at = now()")
    return row


def waits(row: sa.Row[Any]) -> list[float]:
    return [ended["backoff_seconds"] for ended in row.attempts]


def test_the_first_are_free_then_they_wait_as_a_retry_would_and_the_tenth_fails(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        run = add_run(connection, min_backoff_seconds=10, max_backoff_seconds=100)
        for _ in range(MOST_INTERRUPTIONS - 1):
            row = attempt(connection, run, stopped)
            assert (row.state, row.retries) == (State.RETRYING, 0)
        free, waited = waits(row)[:FREE_INTERRUPTIONS], waits(row)[FREE_INTERRUPTIONS:]
        assert free == [0, 0, 0]
        assert all(10 * 2**n <= wait <= 12.5 * 2**n for n, wait in enumerate(waited[:3]))
        assert waited[4:] == [100, 100]
        row = attempt(connection, run, stopped)
    assert (row.state, row.attempts[-1]["outcome"]) == (State.FAILED, "interrupted")
    assert row.error_message == "the worker was stopped, 10 times in a row"


def test_where_there_are_retries_the_tenth_uses_one_up_and_the_count_begins_again(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        run = add_run(connection, max_retries=1, min_backoff_seconds=1)
        rows = [attempt(connection, run, stopped) for _ in range(2 * MOST_INTERRUPTIONS)]
    assert [row.retries for row in rows] == [0] * 9 + [1] * 11
    assert [row.interruptions for row in rows[8:12]] == [9, 0, 1, 2]
    assert [row.state for row in rows[:-1]] == [State.RETRYING] * 19
    assert rows[-1].state == State.FAILED


def test_a_real_end_begins_the_count_again(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        run = add_run(connection, max_retries=9)
        ends = [*[stopped] * 9, failed, *[stopped] * 3]
        rows = [attempt(connection, run, end) for end in ends]
    assert waits(rows[-1])[-3:] == [0, 0, 0]
    assert rows[-1].retries == 1


def test_a_run_that_goes_back_unstarted_is_not_interrupted(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        run = add_run(connection)
        for _ in range(MOST_INTERRUPTIONS + 2):
            row = attempt(connection, run, given_back)
        assert (row.state, row.interruptions, row.retries, set(waits(row))) == (State.RETRYING, 0, 0, {0})
        attempt(connection, run, stopped)
        assert attempt(connection, run, given_back).interruptions == 1, "nor does it end a row of interruptions"


@pytest.mark.parametrize("there", [0, 70])
def test_of_many_attempts_the_first_and_the_last_are_kept(engine: sa.Engine, there: int) -> None:
    """A version before has kept all of them."""
    with engine.begin() as connection:
        run = add_run(connection)
        before = f"(SELECT jsonb_agg(jsonb_build_object('number', n)) FROM generate_series(1, {there}) n)"
        set_run(connection, run, f"attempt = {there}, attempts = coalesce({before}, '[]')")
        for _ in range(60):
            row = attempt(connection, run, given_back)
    last = there + 60
    numbers = [each["number"] for each in row.attempts]
    assert numbers == [*range(1, FIRST_ATTEMPTS + 1), *range(last - LAST_ATTEMPTS + 1, last + 1)]


def test_all_are_kept_while_they_are_few(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        run = add_run(connection)
        for _ in range(50):
            row = attempt(connection, run, given_back)
    assert [each["number"] for each in row.attempts] == list(range(1, 51))
