"""Claim, finish, renew, rescue: every move is guarded by state, attempt and worker."""

import threading
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from models.lifecycle.claiming import claim_runs, renew_own_claims
from models.lifecycle.ended import EndedRun, tally_outcomes
from models.lifecycle.finishing import FinishedAttempt, finish_runs, save_outputs
from models.lifecycle.leasing import renew_leases
from models.lifecycle.rescuing import skip_overdue_runs
from models.sql.clock import read_clock
from models.words.states import Outcome, State
from tests.models.rows import OTHER_WORKER, WORKER, add_run, add_schedule, claim, read_run, set_run


def ended(
    connection: sa.Connection, run: UUID, attempt: int = 1, state: State = State.SUCCEEDED, **rest: object
) -> FinishedAttempt:
    now = read_clock(connection)
    outcome = Outcome.SUCCEEDED if state is State.SUCCEEDED else Outcome.FAILED
    values: dict[str, object] = {"outcome": outcome, "started_at": now, "finished_at": now} | rest
    return FinishedAttempt(id=run, attempt=attempt, state=state, **values)  # type: ignore[arg-type]


def test_a_run_is_claimed_once(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        run = add_run(connection)
        won = claim(connection, run)
        assert [each.attempt for each in won] == [1]
        assert claim(connection, run, worker=OTHER_WORKER) == []
        assert read_run(connection, run).worker_id == WORKER


def test_of_many_workers_at_once_one_wins(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        runs = [add_run(connection) for _ in range(50)]
    wins: list[UUID] = []

    def race(worker: UUID) -> None:
        with engine.begin() as connection:
            wins.extend(won.id for won in claim_runs(connection, runs, 0, worker, 30))

    threads = [threading.Thread(target=race, args=(uuid4(),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(wins) == sorted(runs)


@pytest.mark.parametrize("state", ["succeeded", "failed", "cancelled"])
def test_what_has_ended_is_not_claimed(engine: sa.Engine, state: str) -> None:
    with engine.begin() as connection:
        run = add_run(connection)
        set_run(connection, run, f"state = '{state}'")
        assert claim(connection, run) == []


def test_a_message_of_an_earlier_attempt_does_not_start_a_retry_before_its_time(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        run = add_run(connection)
        claim(connection, run)
        finish_runs(connection, [ended(connection, run, state=State.RETRYING, delay_seconds=60.0)], WORKER)
        assert claim(connection, run, attempt=0) == []
        assert claim(connection, run, attempt=1) == []
        set_run(connection, run, "due_at = now()")
        assert [each.attempt for each in claim(connection, run, attempt=1)] == [2]


def test_a_run_past_its_start_deadline_is_skipped_and_not_claimed(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        run = add_run(connection)
        set_run(connection, run, "deadline_at = now()")
        assert claim(connection, run) == []
        assert [row.id for row in skip_overdue_runs(connection, 10)] == [run]
        assert (read_run(connection, run).state, read_run(connection, run).reason) == ("skipped", "deadline")


def test_an_end_is_written_with_its_attempt_and_output(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        run = add_run(connection)
        claim(connection, run)
        end = ended(connection, run, result='{"a": 1}', output="said")
        assert len(finish_runs(connection, [end], WORKER)) == 1
        save_outputs(connection, [end])
        row = read_run(connection, run)
        assert (row.state, row.result, row.lease_until) == ("succeeded", {"a": 1}, None)
        assert [attempt["outcome"] for attempt in row.attempts] == ["succeeded"]
        assert connection.exec_driver_sql("SELECT run_id, attempt, output FROM run_outputs").one() == (run, 1, "said")


def test_a_run_that_was_asked_to_cancel_is_not_tried_again(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        run = add_run(connection, max_retries=5)
        claim(connection, run)
        set_run(connection, run, "cancel_requested_at = now()")
        finish_runs(connection, [ended(connection, run, state=State.RETRYING, delay_seconds=1.0)], WORKER)
        row = read_run(connection, run)
        assert (row.state, row.finished_at is not None, row.retries) == ("cancelled", True, 0)


def test_claims_whose_commit_was_not_heard_of_are_found_again(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        run, other = add_run(connection), add_run(connection)
        claim(connection, run)
        claim(connection, other, worker=OTHER_WORKER)
        assert [own.id for own in renew_own_claims(connection, [run, other], 0, WORKER, 30)] == [run]
        assert renew_own_claims(connection, [run], 1, WORKER, 30) == []


def test_renewing_notes_the_real_start_and_tells_who_was_cancelled(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        runs = [add_run(connection), add_run(connection)]
        for run in runs:
            claim(connection, run)
        set_run(connection, runs[1], "cancel_requested_at = now()")
        started = read_clock(connection)
        held = [{"id": run, "attempt": 1, "started_at": started} for run in runs]
        assert renew_leases(connection, held, WORKER, 30) == {(runs[0], 1): False, (runs[1], 1): True}
        assert read_run(connection, runs[0]).started_at == started


def test_a_success_ends_the_failures_before_it_and_not_those_after_it(engine: sa.Engine) -> None:
    def tally(*states: State) -> tuple[int, bool]:
        ends = [
            EndedRun(uuid4(), 1, state, schedule, now + timedelta(seconds=n), False, False)
            for n, state in enumerate(states)
        ]
        assert tally_outcomes(connection, ends[::-1]) == []
        query = "SELECT consecutive_failures, paused_at IS NOT NULL FROM schedules"
        return tuple(connection.exec_driver_sql(query).one())  # type: ignore[return-value]

    with engine.begin() as connection:
        now = read_clock(connection)
        schedule = add_schedule(connection, pause_after_failures=2)
        assert tally(State.FAILED, State.FAILED, State.SUCCEEDED) == (0, False)
        assert tally(State.FAILED, State.SUCCEEDED, State.FAILED) == (1, False)
        assert tally(State.FAILED) == (2, True)


def test_a_locked_schedule_is_counted_later_and_nobody_waits_for_it(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        now = read_clock(connection)
        schedules = [add_schedule(connection, name) for name in ("locked", "free")]
    ends = [EndedRun(uuid4(), 1, State.FAILED, schedule, now, False, False) for schedule in schedules]
    with engine.begin() as somebody:
        somebody.exec_driver_sql("SELECT FROM schedules WHERE name = 'locked' FOR UPDATE")
        with engine.begin() as connection:
            connection.exec_driver_sql("SET LOCAL lock_timeout = '1ms'")
            assert tally_outcomes(connection, ends) == [ends[0]]
    with engine.begin() as connection:
        assert tally_outcomes(connection, [ends[0]]) == []
        counted = connection.exec_driver_sql("SELECT consecutive_failures FROM schedules").scalars()
        assert list(counted) == [1, 1]


def test_final_failures_in_a_row_are_counted_and_a_success_resets(engine: sa.Engine) -> None:
    def failures(*states: State) -> int:
        ends = []
        for state in states:
            run = add_run(connection, schedule_id=schedule)
            claim(connection, run)
            ends.append(ended(connection, run, state=state, schedule_id=schedule))
        tally_outcomes(connection, finish_runs(connection, ends, WORKER))
        return int(connection.exec_driver_sql("SELECT consecutive_failures FROM schedules").scalar_one())

    with engine.begin() as connection:
        schedule = add_schedule(connection)
        assert failures(State.SUCCEEDED) == 0
        assert failures(State.FAILED) == 1
        assert failures(State.RETRYING) == 1
        assert failures(State.FAILED, State.FAILED) == 3
        assert failures(State.SUCCEEDED) == 0
        assert failures(State.SUCCEEDED, State.SUCCEEDED) == 0
