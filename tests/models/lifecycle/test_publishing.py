"""Which runs are taken for publishing, and in which order."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from models import queues
from models.lifecycle.new_runs import NewRun, insert_runs
from models.lifecycle.publishing import (
    find_next_due,
    mark_queued,
    mark_waiting_runs,
    queues_with_stale_runs,
    release_runs,
    take_publishable_runs,
    take_vanished_runs,
)
from models.sql.clock import read_clock
from models.words.ids import new_run_id
from models.words.states import Trigger
from tests.models.rows import add_run, add_schedule, add_worker, announce, claim, read_run, set_run


def taken(connection: sa.Connection, limit: int = 100, window: int = 1000) -> list[UUID]:
    return [run.id for run in take_publishable_runs(connection, limit, window)]


@pytest.fixture
def connection(engine: sa.Engine) -> Iterator[sa.Connection]:
    with engine.begin() as connection:
        yield connection


def test_due_runs_go_by_priority_then_due_time(connection: sa.Connection) -> None:
    announce(connection)
    late = add_run(connection, due_seconds=-10)
    later = add_run(connection, due_seconds=-5)
    urgent = add_run(connection, due_seconds=-1, priority=9)
    add_run(connection, due_seconds=60)
    assert taken(connection) == [urgent, late, later]


def test_a_run_is_taken_once_until_its_lease_ends(connection: sa.Connection) -> None:
    announce(connection)
    run = add_run(connection)
    assert taken(connection) == [run]
    assert taken(connection) == []
    set_run(connection, run, "lease_until = now() - interval '1 s'")
    assert taken(connection) == [run]


def test_what_was_not_confirmed_is_taken_again_and_what_was_is_queued(connection: sa.Connection) -> None:
    announce(connection)
    first, second = add_run(connection), add_run(connection)
    rows = {row.id: row for row in take_publishable_runs(connection, 10, 1000)}
    mark_queued(connection, [rows[first]])
    release_runs(connection, [rows[second]])
    assert read_run(connection, first).state == "queued"
    assert taken(connection) == [second]


def test_a_run_claimed_before_it_was_marked_stays_running(connection: sa.Connection) -> None:
    announce(connection)
    run = add_run(connection)
    rows = take_publishable_runs(connection, 10, 1000)
    claim(connection, run)
    assert mark_queued(connection, rows) == 0
    row = read_run(connection, run)
    assert (row.state, row.queued_at is not None) == ("running", True)


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
    mark_queued(connection, rows)
    assert taken(connection, window=3) == []
    claim(connection, runs[0])
    assert taken(connection, window=3) == [runs[3]]


@pytest.mark.parametrize("blocker", ["queued", "running", "retrying"])
def test_a_waiting_run_starts_when_the_active_one_has_ended(connection: sa.Connection, blocker: str) -> None:
    announce(connection)
    schedule = add_schedule(connection)
    active = add_run(connection, schedule_id=schedule, overlap="buffer_all")
    waiting = add_run(connection, schedule_id=schedule, overlap="buffer_all")
    set_run(connection, active, f"state = '{blocker}', worker_id = '{uuid4()}', due_at = now() + interval '1 min'")
    assert taken(connection) == []
    set_run(connection, active, "state = 'succeeded', worker_id = NULL")
    assert taken(connection) == [waiting]


def test_of_two_waiting_runs_the_first_goes_and_the_other_waits(connection: sa.Connection) -> None:
    announce(connection)
    schedule = add_schedule(connection)
    first = add_run(connection, due_seconds=-2, schedule_id=schedule, overlap="buffer_all")
    add_run(connection, due_seconds=-1, schedule_id=schedule, overlap="buffer_all")
    assert taken(connection) == [first]


def test_a_run_on_its_way_to_the_broker_holds_back_one_that_was_due_before_it(connection: sa.Connection) -> None:
    announce(connection)
    schedule = add_schedule(connection)
    first = add_run(connection, due_seconds=-1, schedule_id=schedule, overlap="buffer_all")
    assert taken(connection) == [first]
    add_run(connection, due_seconds=-5, schedule_id=schedule, overlap="buffer_all")
    assert taken(connection) == []


def test_a_busy_queue_does_not_stand_before_the_others(connection: sa.Connection) -> None:
    announce(connection)
    announce(connection, "elsewhere", queue="other")
    for number in range(30):
        add_run(connection, due_seconds=-60 - number, priority=9)
    mark_queued(connection, take_publishable_runs(connection, 10, 10))
    connection.exec_driver_sql(
        "UPDATE runs SET state = 'succeeded' WHERE id IN (SELECT id FROM runs WHERE state = 'queued' LIMIT 2)"
    )
    other = add_run(connection, actor="elsewhere")
    assert other in taken(connection, limit=10, window=10)


def test_a_paused_queue_holds_its_runs(connection: sa.Connection) -> None:
    announce(connection)
    run = add_run(connection, due_seconds=-60)
    connection.exec_driver_sql("INSERT INTO queues (name, paused_at) VALUES ('default', now())")
    assert taken(connection) == []
    mark_waiting_runs(connection, 2, 10)
    assert read_run(connection, run).waiting_for == "queue"
    connection.exec_driver_sql("DELETE FROM queues")
    assert taken(connection) == [run]


def test_a_paused_queue_starts_nothing_more_and_after_the_resume_all_of_it_is_published_at_once(
    connection: sa.Connection,
) -> None:
    announce(connection)
    first = add_run(connection, due_seconds=-2)
    urgent = add_run(connection, due_seconds=-1, priority=9)
    mark_queued(connection, take_publishable_runs(connection, 10, 1000))
    planned = add_run(connection)
    queues.pause_queue(connection, "default", None, "me")
    assert [claim(connection, run) for run in (first, urgent, planned)] == [[], [], []]
    set_run(connection, first, "queued_at = now() - interval '1 h'")
    assert queues_with_stale_runs(connection, 10) == []

    assert queues.resume_queue(connection, "default")
    assert not queues.resume_queue(connection, "default")
    assert queues_with_stale_runs(connection, 10) == ["default"]
    assert [run.id for run in take_vanished_runs(connection, "default", 10, 100, is_empty=False)] == [urgent, first]
    assert queues_with_stale_runs(connection, 10) == []
    assert [len(claim(connection, run)) for run in (first, urgent, planned)] == [1, 1, 1]
    assert [read_run(connection, run).waiting_for for run in (first, planned)] == ["queue", None]


def test_a_run_whose_message_has_outlived_a_pause_was_queued_when_it_is_claimed_as_far_as_anybody_knows(
    connection: sa.Connection,
) -> None:
    announce(connection)
    run = add_run(connection)
    mark_queued(connection, take_publishable_runs(connection, 10, 1000))
    queues.pause_queue(connection, "default", None, "me")
    queues.resume_queue(connection, "default")
    assert len(claim(connection, run)) == 1
    assert read_run(connection, run).queued_at is not None


def test_runs_that_wait_are_told_what_for(connection: sa.Connection) -> None:
    announce(connection)
    schedule = add_schedule(connection)
    unheard = add_run(connection, due_seconds=-60, actor="unheard")
    active = add_run(connection, due_seconds=-60, schedule_id=schedule)
    claim(connection, active)
    blocked = add_run(connection, due_seconds=-60, schedule_id=schedule, overlap="buffer_one")
    fresh = add_run(connection)
    mark_waiting_runs(connection, 2, 10)
    assert [read_run(connection, run).waiting_for for run in (unheard, blocked, fresh)] == ["actor", "overlap", None]


def test_marking_looks_only_at_what_became_due_since_the_last_look(connection: sa.Connection) -> None:
    def marked() -> list[bool]:
        return [read_run(connection, run).waiting_for is not None for run in runs]

    def since(seconds: float) -> datetime:
        return read_clock(connection) - timedelta(seconds=seconds)

    runs = [add_run(connection, due_seconds=-seconds, actor="unheard") for seconds in (90, 80, 70)]
    runs.append(add_run(connection, due_seconds=-30, actor="unheard"))
    looked_until = mark_waiting_runs(connection, 2, 2)
    assert (marked(), looked_until) == ([True, True, False, False], since(80))
    looked_until = mark_waiting_runs(connection, 2, 10, looked_until)
    assert (marked(), looked_until) == ([True] * 4, since(22))
    runs.append(add_run(connection, due_seconds=-23, actor="unheard"))
    runs.append(add_run(connection, due_seconds=-21, actor="unheard"))
    assert mark_waiting_runs(connection, 2, 10, looked_until) == since(22)
    assert marked()[4:] == [False, True]


def test_a_round_with_many_buffered_runs_asks_once_which_of_their_schedules_are_busy(
    connection: sa.Connection,
) -> None:
    announce(connection)
    schedule = add_schedule(connection)
    now = read_clock(connection)
    runs = [
        NewRun(new_run_id(now), Trigger.MANUAL, now, now, schedule_id=schedule, overlap="buffer_all")
        for _ in range(3000)
    ]
    insert_runs(connection, runs)
    claim(connection, runs[0].id)
    read = "SELECT sum(idx_scan) FROM pg_stat_xact_user_tables WHERE relname LIKE 'runs%%'"
    before = connection.exec_driver_sql(read).scalar_one()
    assert taken(connection) == []
    assert connection.exec_driver_sql(read).scalar_one() - before < 100


def test_runs_that_may_overlap_go_together(connection: sa.Connection) -> None:
    announce(connection)
    schedule = add_schedule(connection)
    runs = {add_run(connection, schedule_id=schedule, overlap="allow") for _ in range(3)}
    assert set(taken(connection)) == runs


def test_runs_whose_messages_vanished_are_taken_again(connection: sa.Connection) -> None:
    announce(connection)
    run = add_run(connection)
    mark_queued(connection, take_publishable_runs(connection, 10, 1000))
    assert queues_with_stale_runs(connection, 10) == []
    set_run(connection, run, "queued_at = now() - interval '11 s'")
    assert queues_with_stale_runs(connection, 10) == ["default"]
    assert [row.id for row in take_vanished_runs(connection, "default", 10, 100, is_empty=True)] == [run]
    assert queues_with_stale_runs(connection, 10) == []
    assert len(claim(connection, run)) == 1


@pytest.mark.parametrize(
    ("columns", "is_taken"),
    [
        ({}, True),
        ({"queued_at": "now() - interval '35 s'"}, False),
        ({"queue": "'other'"}, False),
        ({"trigger": "'message'"}, False),
    ],
)
def test_a_message_that_a_later_one_has_overtaken_is_gone_though_its_queue_is_not_empty(
    connection: sa.Connection, columns: dict[str, str], is_taken: bool
) -> None:
    announce(connection)
    run, later = add_run(connection), add_run(connection)
    mark_queued(connection, take_publishable_runs(connection, 10, 1000))
    set_run(connection, run, "queued_at = now() - interval '60 s'")
    assert take_vanished_runs(connection, "default", 10, 100, is_empty=False) == []
    claim(connection, later)
    set_run(connection, later, ", ".join(f"{k} = {v}" for k, v in ({"queued_at": "now()"} | columns).items()))
    taken = take_vanished_runs(connection, "default", 10, 100, is_empty=False)
    assert [row.id for row in taken] == ([run] if is_taken else [])


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
