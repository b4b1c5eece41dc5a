"""The duties of upkeep: each by itself."""

from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from config.settings import Settings
from scheduling.publish import Publishing
from scheduling.steady import SteadyClock
from scheduling.tick import Ticker
from scheduling.upkeep import MARK_ALL_SECONDS, Upkeep
from tests.models.rows import add_run, add_schedule, add_worker, announce, read_run
from tests.scheduling.ticking import FakePublisher


@pytest.fixture
def upkeep(engine: sa.Engine) -> Upkeep:
    return Upkeep(engine, Publishing(engine, FakePublisher()), Settings(), uuid4(), SteadyClock())


def fail(*_: object, **__: object) -> Any:
    raise RuntimeError("on purpose")


@pytest.mark.parametrize("duty", ["skip_overdue", "Publishing.republish_vanished", "report_tick", "make_partitions"])
def test_a_duty_that_fails_keeps_no_other_from_being_done(
    engine: sa.Engine, upkeep: Upkeep, monkeypatch: pytest.MonkeyPatch, duty: str
) -> None:
    monkeypatch.setattr(f"scheduling.upkeep.{duty}", fail)
    with engine.begin() as connection:
        announce(connection, schedule={"name": "nightly", "actor": "work", "cron": ["0 0 * * *"]})
        run = add_run(connection, due_seconds=-5)
    upkeep.run()
    with engine.begin() as connection:
        assert read_run(connection, run).waiting_for == "window"
        assert connection.exec_driver_sql("SELECT name FROM schedules").scalar_one() == "nightly"


def test_runs_that_were_planned_long_after_they_were_due_are_told_what_they_wait_for(
    engine: sa.Engine, upkeep: Upkeep, monkeypatch: pytest.MonkeyPatch
) -> None:
    upkeep.run()
    with engine.begin() as connection:
        run = add_run(connection, due_seconds=-600)
    upkeep.run()
    monkeypatch.setattr(upkeep, "_marked_all", upkeep._marked_all - MARK_ALL_SECONDS)
    upkeep.run()
    with engine.begin() as connection:
        assert read_run(connection, run).waiting_for == "actor"


@pytest.mark.parametrize(("actors", "waiting_for"), [(["other"], "worker"), (None, "actor")])
def test_the_release_before_is_given_no_word_that_it_does_not_know(
    engine: sa.Engine, upkeep: Upkeep, actors: list[str] | None, waiting_for: str
) -> None:
    with engine.begin() as connection:
        announce(connection)
        add_worker(connection, "elsewhere", actors=actors)
        run = add_run(connection, due_seconds=-5, queue="nowhere")
    upkeep.run()
    with engine.begin() as connection:
        assert read_run(connection, run).waiting_for == waiting_for


def test_what_cannot_be_planned_keeps_nothing_from_being_published(
    engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher = FakePublisher()
    ticker = Ticker(engine, publisher, Settings())
    monkeypatch.setattr("scheduling.planners.plan_due", fail)
    with engine.begin() as connection:
        announce(connection)
        add_schedule(connection)
        run = add_run(connection)
    with pytest.raises(RuntimeError):
        ticker.tick()
    ticker.close()
    assert publisher.published == [run]


@pytest.mark.parametrize(("own", "queue"), [(None, "reports"), ("default", "default")])
def test_a_run_that_was_planned_before_its_actor_was_known_goes_to_the_actors_queue(
    engine: sa.Engine, upkeep: Upkeep, monkeypatch: pytest.MonkeyPatch, own: str | None, queue: str
) -> None:
    """Unless its schedule names one."""
    monkeypatch.setattr("scheduling.upkeep.RESOLVE_SECONDS", 0)
    with engine.begin() as connection:
        schedule = add_schedule(connection, queue=own)
        run = add_run(connection, due_seconds=-5, schedule_id=schedule)
    upkeep.run()
    with engine.begin() as connection:
        row = read_run(connection, run)
        assert (row.queue, row.waiting_for) == ("default", "actor")
        announce(connection, queue="reports")
    upkeep.run()
    with engine.begin() as connection:
        assert read_run(connection, run).queue == queue
