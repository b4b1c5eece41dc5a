"""A hold: nothing is published or starts anywhere, slots are planned, and what waits says so."""

from uuid import uuid4

import pytest
import sqlalchemy as sa

from config.settings import Settings
from models.lifecycle.publishing import take_vanished_runs
from models.queues import get_hold, list_queues
from scheduling.commands.audit import By
from scheduling.commands.queues import hold, release
from scheduling.plan import plan_due
from scheduling.publish import Publishing
from scheduling.steady import SteadyClock
from scheduling.upkeep import Upkeep
from tests.models.rows import add_run, add_schedule, announce, claim, read_run, taken
from tests.scheduling.ticking import FakePublisher

ANN = By("ann")


@pytest.fixture
def upkeep(engine: sa.Engine) -> Upkeep:
    return Upkeep(engine, Publishing(engine, FakePublisher()), Settings(), uuid4(), SteadyClock())


def begin(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        announce(connection)
        hold(connection, reason="a new disk", until=None, by=ANN)


def test_nothing_is_published_and_slots_are_planned(engine: sa.Engine, upkeep: Upkeep) -> None:
    begin(engine)
    with engine.begin() as connection:
        add_schedule(connection, every_seconds=1, cursor_seconds_ago=5)
        planned = plan_due(connection, 10, window=100)
        waiting = add_run(connection, due_seconds=-5)
        assert (planned.runs, planned.leased) == (1, ())
        assert taken(connection) == []
    upkeep.run()
    with engine.begin() as connection:
        assert read_run(connection, waiting).waiting_for == "hold"
        release(connection, ANN)
        assert len(taken(connection)) == 2


def test_what_is_queued_is_neither_claimed_nor_published_again_and_goes_on_after_it(
    engine: sa.Engine, upkeep: Upkeep
) -> None:
    with engine.begin() as connection:
        announce(connection)
        queued = add_run(connection, due_seconds=-60)
        assert taken(connection) == [queued]
        connection.exec_driver_sql("UPDATE runs SET lease_until = NULL, queued_at = now() - interval '60 s'")
    begin(engine)
    with engine.begin() as connection:
        assert claim(connection, queued) == []
    upkeep.run()
    with engine.begin() as connection:
        assert read_run(connection, queued).state == "queued"
        release(connection, ANN)
        assert [run.id for run in take_vanished_runs(connection, "default", 10, 10, is_empty=True)] == [queued]
        assert claim(connection, queued) != []


def test_it_tells_how_many_still_run_and_is_no_queue(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        announce(connection)
        claim(connection, add_run(connection, due_seconds=-1))
    begin(engine)
    with engine.begin() as connection:
        said = get_hold(connection)
        assert (said.pause_reason, said.paused_by, said.running) == ("a new disk", "ann", 1)
        assert [queue.name for queue in list_queues(connection, 10)] == ["default"]


def test_one_with_an_end_ends_by_itself(engine: sa.Engine, upkeep: Upkeep) -> None:
    begin(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE queues SET paused_until = now() - interval '1 s'")
        run = add_run(connection, due_seconds=-1)
    upkeep.run()
    with engine.begin() as connection:
        assert get_hold(connection).paused_at is None
        assert taken(connection) == [run]
        acts = connection.exec_driver_sql("SELECT who, action FROM audit ORDER BY id").all()
    assert acts == [("ann", "hold.begin"), ("callsheet", "hold.end")]


def test_deadlines_count(engine: sa.Engine, upkeep: Upkeep) -> None:
    begin(engine)
    with engine.begin() as connection:
        run = add_run(connection, due_seconds=-5)
        connection.exec_driver_sql("UPDATE runs SET deadline_at = now() - interval '1 s'")
    upkeep.run()
    with engine.begin() as connection:
        assert (read_run(connection, run).state, read_run(connection, run).reason) == ("skipped", "deadline")


def test_while_the_release_before_may_show_runs_it_is_given_no_new_word(engine: sa.Engine, upkeep: Upkeep) -> None:
    begin(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE workers SET parent_pid = NULL")
        run = add_run(connection, due_seconds=-5)
    upkeep.run()
    with engine.begin() as connection:
        assert read_run(connection, run).waiting_for == "queue"
