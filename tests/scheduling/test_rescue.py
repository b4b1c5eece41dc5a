"""Rescue: what becomes of runs whose lease ran out."""

import pytest
import sqlalchemy as sa

from models.lifecycle.finishing import finish_runs
from models.lifecycle.leasing import renew_leases
from scheduling.rescue import end_lost_runs
from tests.models.lifecycle.test_claiming import ended
from tests.models.rows import OTHER_WORKER, WORKER, add_run, claim, read_run, set_run


def test_a_worker_that_was_presumed_dead_overwrites_nothing(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        run = add_run(connection, max_retries=1, min_backoff_seconds=0)
        claim(connection, run)
        set_run(connection, run, "lease_until = now() - interval '1 s'")
        assert [row.state for row in end_lost_runs(connection, 10)] == ["retrying"]
        assert [each.attempt for each in claim(connection, run, attempt=1, worker=OTHER_WORKER)] == [2]
        assert finish_runs(connection, [ended(connection, run)], WORKER) == []
        held = [{"id": run, "attempt": 1, "started_at": None}]
        assert renew_leases(connection, held, WORKER, 30) == {}
        row = read_run(connection, run)
        assert (row.state, row.worker_id) == ("running", OTHER_WORKER)
        assert [attempt["outcome"] for attempt in row.attempts] == ["lost"]


@pytest.mark.parametrize(
    ("assignments", "state"),
    [("max_retries = 0", "failed"), ("max_retries = 1", "retrying"), ("cancel_requested_at = now()", "cancelled")],
)
def test_a_lost_run_goes_on_by_its_policy(engine: sa.Engine, assignments: str, state: str) -> None:
    with engine.begin() as connection:
        run = add_run(connection)
        claim(connection, run)
        set_run(connection, run, f"lease_until = now() - interval '1 s', {assignments}")
        end_lost_runs(connection, 10)
        assert read_run(connection, run).state == state


def test_a_lease_that_still_runs_is_left_alone(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        run = add_run(connection)
        claim(connection, run)
        assert end_lost_runs(connection, 10) == []


def test_a_lost_run_is_tried_again_by_the_back_off_of_any_failed_one(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        run = add_run(connection, max_retries=3, min_backoff_seconds=100, max_backoff_seconds=10)
        claim(connection, run)
        set_run(connection, run, "lease_until = now() - interval '1 s', started_at = now() - interval '5 s'")
        end_lost_runs(connection, 10)
        row = read_run(connection, run)
        attempt = row.attempts[0]
        assert attempt["backoff_seconds"] == 100
        assert (attempt["number"], attempt["worker"], attempt["outcome"]) == (1, str(WORKER), "lost")
        assert (row.due_at - row.planned_at).total_seconds() == 100
        assert (row.retries, row.error_type, row.started_at is not None) == (1, "WorkerLost", True)
