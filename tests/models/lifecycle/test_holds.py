"""What holds a due run back: another of its schedule, a paused queue, a full window; and what it is told."""

from datetime import datetime, timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa

from models import queues
from models.lifecycle.confirming import note_confirmed
from models.lifecycle.new_runs import NewRun, insert_runs
from models.lifecycle.publishing import (
    mark_waiting_runs,
    queues_with_stale_runs,
    take_publishable_runs,
    take_vanished_runs,
)
from models.sql.clock import read_clock
from models.words.ids import new_run_id
from models.words.states import Trigger
from tests.models.rows import add_run, add_schedule, announce, claim, read_run, set_run, taken


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
    note_confirmed(connection, take_publishable_runs(connection, 10, 10))
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
    note_confirmed(connection, take_publishable_runs(connection, 10, 1000))
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
    note_confirmed(connection, take_publishable_runs(connection, 10, 1000))
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
