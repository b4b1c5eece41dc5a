"""Which runs are taken for publishing, and in which order."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa

from models.lifecycle.confirming import note_confirmed, release_runs
from models.lifecycle.new_runs import insert_runs
from models.lifecycle.publishing import (
    find_next_due,
    mark_waiting_runs,
    queues_with_stale_runs,
    take_publishable_runs,
    take_vanished_runs,
)
from models.sql.clock import read_clock
from tests.models.rows import add_run, add_schedule, add_worker, announce, claim, read_run, set_run, taken


def test_due_runs_go_by_priority_then_due_time(connection: sa.Connection) -> None:
    announce(connection)
    late = add_run(connection, due_seconds=-10)
    later = add_run(connection, due_seconds=-5)
    urgent = add_run(connection, due_seconds=-1, priority=9)
    add_run(connection, due_seconds=60)
    assert taken(connection) == [urgent, late, later]


def test_a_run_is_queued_when_it_is_taken_and_again_when_its_lease_has_run_out(connection: sa.Connection) -> None:
    """Whoever published it has died: whether its message is in the broker nobody knows."""
    announce(connection)
    run = add_run(connection)
    assert taken(connection) == [run]
    row = read_run(connection, run)
    assert (row.state, row.queued_at is not None) == ("queued", True)
    assert taken(connection) == []
    assert queues_with_stale_runs(connection, 10) == []
    set_run(connection, run, "lease_until = now() - interval '1 s', queued_at = now() - interval '11 s'")
    assert queues_with_stale_runs(connection, 3600) == ["default"]
    assert [row.id for row in take_vanished_runs(connection, "default", 10, 100, is_empty=False)] == [run]
    assert queues_with_stale_runs(connection, 10) == []


def test_what_was_not_confirmed_waits_in_its_row_again_and_what_was_is_queued(connection: sa.Connection) -> None:
    """There a paused queue, a worker that is gone and what is more urgent count again."""
    announce(connection)
    confirmed, planned, retrying = (add_run(connection) for _ in range(3))
    set_run(connection, retrying, "state = 'retrying', attempt = 1")
    rows = {row.id: row for row in take_publishable_runs(connection, 10, 1000)}
    note_confirmed(connection, [rows[confirmed]])
    release_runs(connection, [rows[planned], rows[retrying]])
    found = [read_run(connection, run) for run in (confirmed, planned, retrying)]
    assert [(row.state, row.lease_until) for row in found] == [("queued", None), ("planned", None), ("retrying", None)]
    assert [row.queued_at is not None for row in found] == [True, False, False]
    assert set(taken(connection)) == {planned, retrying}


def test_a_lease_by_a_clock_that_was_ahead_holds_nothing(connection: sa.Connection) -> None:
    announce(connection)
    run = add_run(connection)
    assert taken(connection) == [run]
    ahead = "lease_until = now() + interval '1 day', queued_at = now() + interval '1 day'"
    set_run(connection, run, ahead)
    assert queues_with_stale_runs(connection, 10) == ["default"]
    assert [row.id for row in take_vanished_runs(connection, "default", 10, 100, is_empty=False)] == [run]


@pytest.mark.parametrize("note", [note_confirmed, release_runs])
def test_a_run_that_was_claimed_before_its_confirm_is_noted_keeps_its_workers_lease(
    connection: sa.Connection, note: Callable[..., None]
) -> None:
    announce(connection)
    run = add_run(connection)
    rows = take_publishable_runs(connection, 10, 1000)
    claim(connection, run)
    claimed = read_run(connection, run)
    note(connection, rows)
    assert read_run(connection, run) == claimed
    assert (claimed.state, claimed.queued_at is not None) == ("running", True)


def test_what_the_release_before_has_on_its_way_is_left_to_it(connection: sa.Connection) -> None:
    announce(connection)
    run = add_run(connection)
    set_run(connection, run, "lease_until = now() + interval '10 s'")
    assert taken(connection) == []
    set_run(connection, run, "lease_until = now() - interval '1 s'")
    assert taken(connection) == [run]


def test_runs_of_an_actor_that_no_live_worker_has_announced_stay_planned(connection: sa.Connection) -> None:
    announce(connection, "work")
    add_run(connection, actor="unheard")
    gone = add_run(connection)
    connection.exec_driver_sql("UPDATE actors SET announced_at = now() - interval '2 min'")
    assert taken(connection) == []
    announce(connection, "work")
    assert taken(connection) == [gone]


@pytest.mark.parametrize(
    ("queues", "actors", "is_taken"),
    [
        (["default"], ["work"], False),
        (["mail"], ["other"], False),
        (["default", "mail"], ["other", "work"], True),
        (["mail"], ["work"], True),
        (["mail"], None, True),
    ],
)
def test_a_run_goes_only_to_a_queue_of_a_live_worker_that_knows_its_actor(
    connection: sa.Connection, queues: list[str], actors: list[str] | None, is_taken: bool
) -> None:
    announce(connection)
    run = add_run(connection, due_seconds=-60, queue="mail")
    worker = add_worker(connection, *queues, actors=actors)
    mark_waiting_runs(connection, 2, 10)
    assert read_run(connection, run).waiting_for == ("window" if is_taken else "worker")
    connection.exec_driver_sql(
        "UPDATE workers SET last_seen_at = now() - interval '2 min' WHERE id = %(id)s", {"id": worker}
    )
    assert taken(connection) == []
    add_worker(connection, *queues, actors=actors)
    assert taken(connection) == ([run] if is_taken else [])


def test_a_window_bounds_what_waits_in_each_queue(connection: sa.Connection) -> None:
    announce(connection)
    announce(connection, "elsewhere", queue="other")
    runs = [add_run(connection, due_seconds=-n) for n in range(5, 0, -1)]
    other = add_run(connection, actor="elsewhere")
    rows = take_publishable_runs(connection, 100, 3)
    assert {row.id for row in rows} == {*runs[:3], other}
    note_confirmed(connection, rows)
    assert taken(connection, window=3) == []
    claim(connection, runs[0])
    assert taken(connection, window=3) == [runs[3]]


def test_the_next_due_instant_is_that_of_schedules_and_of_waiting_runs(connection: sa.Connection) -> None:
    assert find_next_due(connection) == (None, False)
    add_run(connection, due_seconds=60)
    assert find_next_due(connection).seconds == pytest.approx(58, abs=3)
    add_schedule(connection)
    connection.exec_driver_sql("UPDATE schedules SET next_due_at = now() + interval '30 s'")
    assert find_next_due(connection).seconds == pytest.approx(28, abs=3)
    add_run(connection, due_seconds=-1)
    assert find_next_due(connection).seconds == pytest.approx(28, abs=3)
    assert find_next_due(connection, read_clock(connection) - timedelta(seconds=2)).seconds == pytest.approx(
        -2.5, abs=2
    )


def test_a_schedule_that_is_overdue_does_not_hide_what_is_due_next(connection: sa.Connection) -> None:
    add_schedule(connection, "locked")
    connection.exec_driver_sql("UPDATE schedules SET next_due_at = now() - interval '5 s'")
    add_run(connection, due_seconds=60)
    now = read_clock(connection)
    seconds, is_overdue = find_next_due(connection, now - timedelta(seconds=1))
    assert (seconds, is_overdue) == (pytest.approx(58, abs=3), True)
    assert find_next_due(connection, now - timedelta(seconds=10)) == (pytest.approx(-6.5, abs=2), False)


def test_policies_left_open_are_the_actors_and_then_the_defaults(connection: sa.Connection) -> None:
    announce(connection, "work", queue="own", max_retries=4, time_limit_seconds=7)
    row = read_run(connection, add_run(connection))
    assert (row.queue, row.max_retries, row.time_limit_seconds, row.min_backoff_seconds) == ("own", 4, 7, 15)
    row = read_run(connection, add_run(connection, max_retries=0, queue="mine"))
    assert (row.queue, row.max_retries, row.time_limit_seconds) == ("mine", 0, 7)
    row = read_run(connection, add_run(connection, actor="unheard"))
    assert (row.queue, row.max_retries, row.time_limit_seconds, row.max_backoff_seconds) == ("default", 0, 600, 3600)


def test_inserting_the_same_run_twice_is_somebody_elses_win(connection: sa.Connection) -> None:
    assert insert_runs(connection, []) == set()
    run = add_run(connection)
    assert add_run(connection, id=run) == run
    assert connection.exec_driver_sql("SELECT count(*) FROM runs").scalar_one() == 1
