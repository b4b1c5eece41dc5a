"""A start deadline holds until an attempt of the run has really started."""

from uuid import UUID

import pytest
import sqlalchemy as sa

from models.lifecycle.finishing import finish_runs
from models.lifecycle.rescuing import skip_overdue_runs
from models.words.states import State
from scheduling.rescue import end_lost_runs
from tests.models.lifecycle.test_interruptions import failed, given_back, stopped
from tests.models.rows import WORKER, add_run, claim, read_run, set_run


def pass_deadline(connection: sa.Connection, run: UUID, state: str) -> None:
    set_run(connection, run, f"state = '{state}', due_at = now(), deadline_at = now()")


@pytest.mark.parametrize("state", ["retrying", "queued"])
def test_it_holds_after_a_claim_that_was_given_back(engine: sa.Engine, state: str) -> None:
    with engine.begin() as connection:
        run = add_run(connection)
        finish_runs(connection, [given_back(each) for each in claim(connection, run)], WORKER)
        pass_deadline(connection, run, state)
        assert claim(connection, run, attempt=1) == []
        assert [row.id for row in skip_overdue_runs(connection, 10)] == [run]
        row = read_run(connection, run)
        assert (row.state, row.reason) == (State.SKIPPED, "deadline")


@pytest.mark.parametrize("end", [stopped, failed])
@pytest.mark.parametrize("is_of_a_version_before", [False, True])
def test_what_has_started_before_it_is_started_again_after_it(
    engine: sa.Engine, end: object, is_of_a_version_before: bool
) -> None:
    with engine.begin() as connection:
        run = add_run(connection, max_retries=1)
        finish_runs(connection, [end(each) for each in claim(connection, run)], WORKER)  # type: ignore[operator]
        pass_deadline(connection, run, "retrying")
        if is_of_a_version_before:
            set_run(connection, run, "interruptions = 0")
        assert skip_overdue_runs(connection, 10) == []
        assert len(claim(connection, run, attempt=1)) == 1


def test_that_it_started_is_not_forgotten_with_the_attempts_that_are_not_kept(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        run = add_run(connection)
        for number in range(60):
            set_run(connection, run, "due_at = now()")
            end = stopped if number == 5 else given_back
            finish_runs(connection, [end(each) for each in claim(connection, run, attempt=number)], WORKER)
        pass_deadline(connection, run, "retrying")
        assert not any(each["started_at"] for each in read_run(connection, run).attempts)
        assert skip_overdue_runs(connection, 10) == []


def test_an_attempt_that_was_lost_may_have_started(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        run = add_run(connection, max_retries=1)
        claim(connection, run)
        set_run(connection, run, "lease_until = now() - interval '1 s'")
        end_lost_runs(connection, 10)
        pass_deadline(connection, run, "retrying")
        assert skip_overdue_runs(connection, 10) == []
