"""Runs that planning leases to its own process: they skip the line only where there is none."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from api.access.auth import Caller, Role
from api.shapes.schedule_body import Nothing
from api.v1 import runs
from api.web.routes import Call
from models.lifecycle.publishing import LeasedRun, take_publishable_runs, take_vanished_runs
from scheduling.plan import plan_due
from tests.models.rows import add_run, add_schedule, add_worker, announce, read_run, set_run
from tests.waiting import eventually

WINDOW = 10


@pytest.fixture(autouse=True)
def announced(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        announce(connection)


def due_schedule(connection: sa.Connection, **columns: Any) -> UUID:
    return add_schedule(connection, every_seconds=1000, cursor_seconds_ago=1000, **{"name": f"s{uuid4()}"} | columns)


def plan(engine: sa.Engine, window: int = WINDOW) -> list[UUID | None]:
    """Plan, and return the schedules whose runs were leased, in the order in which they are to be published."""
    with engine.begin() as connection:
        leased = plan_due(connection, 100, window).leased
        rows = [read_run(connection, run.id) for run in leased]
    assert [LeasedRun(*(getattr(row, column) for column in LeasedRun._fields)) for row in rows] == list(leased)
    return [row.schedule_id for row in rows]


def take(engine: sa.Engine) -> list[UUID]:
    with engine.begin() as connection:
        return [run.id for run in take_publishable_runs(connection, 100, WINDOW)]


def test_a_run_that_nothing_keeps_is_leased_and_nobody_else_takes_it(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        schedule = due_schedule(connection)
    assert plan(engine) == [schedule]
    assert take(engine) == []


def test_once_the_lease_of_a_planner_that_died_has_ended_another_takes_the_run(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        due_schedule(connection)
        [run] = plan_due(connection, 100, WINDOW).leased
    with engine.begin() as connection:
        left = read_run(connection, run.id).lease_until - connection.exec_driver_sql("SELECT now()").scalar_one()
        assert timedelta(0) < left <= timedelta(seconds=10)
        set_run(connection, run.id, "lease_until = now() - interval '1 s'")
        assert [row.id for row in take_vanished_runs(connection, "default", 10, 100, is_empty=False)] == [run.id]


def test_without_a_window_nothing_is_leased(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        due_schedule(connection)
    assert plan(engine, window=0) == []
    assert len(take(engine)) == 1


def test_urgent_ones_go_first_and_the_window_counts_what_is_queued_and_what_is_leased(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        for lease in ("now() + interval '9 s'", "NULL"):
            set_run(connection, add_run(connection), f"state = 'queued', lease_until = {lease}")
        set_run(connection, add_run(connection, queue="other"), "state = 'queued'")
        schedules = {priority: due_schedule(connection, priority=priority) for priority in (2, 9, 5, 7)}
    assert plan(engine, window=5) == [schedules[9], schedules[7], schedules[5]]


@pytest.mark.parametrize(
    ("columns", "leased"),
    [({}, 0), ({"due_at": "infinity"}, 1), ({"queue": "other"}, 1), ({"state": "succeeded"}, 1)],
)
def test_nothing_goes_before_what_waits_in_its_queue(engine: sa.Engine, columns: dict[str, str], leased: int) -> None:
    with engine.begin() as connection:
        waiting = add_run(connection)
        add_worker(connection, "other")
        for column, value in columns.items():
            set_run(connection, waiting, f"{column} = '{value}'")
        due_schedule(connection)
    assert len(plan(engine)) == leased


@pytest.mark.parametrize("overlap", ["buffer_one", "buffer_all", "cancel_other", "allow"])
@pytest.mark.parametrize("state", ["running", "retrying", "planned"])
def test_a_run_that_may_have_to_wait_for_another_of_its_schedule_is_not_leased(
    engine: sa.Engine, overlap: str, state: str
) -> None:
    with engine.begin() as connection:
        schedule = due_schedule(connection, overlap=overlap)
        other = add_run(connection, due_seconds=60, schedule_id=schedule)
        worker = ", worker_id = id, attempt = 1, lease_until = now()" if state == "running" else ""
        set_run(connection, other, f"state = '{state}', overlap = 'allow'{worker}")
    assert plan(engine) == ([schedule] if overlap == "allow" else [])


def test_of_several_slots_that_may_not_overlap_none_is_leased(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        add_schedule(connection, every_seconds=10, cursor_seconds_ago=40, overlap="buffer_all", catchup="all")
    assert plan(engine) == []


def test_a_run_that_is_due_later_is_not_leased(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        due_schedule(connection, jitter_seconds=1e9)
    assert plan(engine) == []


def test_a_run_that_would_miss_its_start_if_its_planner_died_is_not_leased(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        due = {"cursor_seconds_ago": 1.5, "every_seconds": 1}
        add_schedule(connection, "hasty", start_deadline_seconds=5, **due)
        patient = add_schedule(connection, "patient", start_deadline_seconds=60, queue="other", **due)
        add_worker(connection, "other")
    assert plan(engine) == [patient]


def test_nothing_goes_before_what_is_planned_with_it_and_must_wait_for_its_turn(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        urgent = due_schedule(connection, priority=9)
        add_run(connection, due_seconds=86400, schedule_id=urgent)
        due_schedule(connection, priority=0)
    assert plan(engine, window=1) == []
    with engine.begin() as connection:
        [run] = take_publishable_runs(connection, 100, 1)
        assert read_run(connection, run.id).schedule_id == urgent


def test_a_run_whose_queue_is_paused_or_whose_actor_no_worker_there_knows_is_not_leased(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO queues (name, paused_at, paused_by) VALUES ('held', now(), 'me')")
        due_schedule(connection, queue="held")
        due_schedule(connection, actor="gone")
        due_schedule(connection, queue="foreign")
        add_worker(connection, "foreign", actors=["other"])
    assert plan(engine) == []


def test_skips_are_not_leased(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        schedule = add_schedule(connection, every_seconds=10, cursor_seconds_ago=100)
    assert plan(engine) == [schedule]


def test_a_run_again_waits_for_planning_that_may_let_another_of_its_schedule_go(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        schedule = due_schedule(connection, name="busy", overlap="buffer_one")
        ended = add_run(connection, schedule_id=schedule, schedule_name="busy", overlap="buffer_one")
        set_run(connection, ended, "state = 'failed'")
    again = Call(engine, {"id": ended}, lambda _: None, Caller("tester", Role.OPERATOR))
    waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    observing = engine.execution_options(isolation_level="AUTOCOMMIT")
    with ThreadPoolExecutor(1) as client, engine.connect() as planner, observing.connect() as observer:
        assert len(plan_due(planner, 100, WINDOW).leased) == 1
        answer = client.submit(runs.retry_run, again, Nothing())
        eventually(lambda: observer.exec_driver_sql(waits).scalar_one() or answer.done())
        assert take(engine) == []
        planner.commit()
        answer.result()
    assert take(engine) == []
