"""While too much waits, no more of it is planned, and the schedule says why; then catch-up decides."""

from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from config.settings import Settings
from models.schedules import get_schedule
from models.sql.clock import read_clock
from scheduling import upkeep as upkeeping
from scheduling.commands.audit import By
from scheduling.commands.edit import change, lock
from scheduling.commands.pause import pause
from scheduling.plan import plan_due
from scheduling.publish import Publishing
from scheduling.steady import SteadyClock
from scheduling.upkeep import Upkeep
from tests.models.rows import add_run, add_schedule, announce
from tests.scheduling.ticking import FakePublisher


@pytest.fixture
def upkeep(engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> Upkeep:
    monkeypatch.setattr(upkeeping, "BACKLOG_SECONDS", 0)
    settings = Settings.model_validate({"scheduling": {"schedule_backlog": 3, "queue_backlog": 5}})
    return Upkeep(engine, Publishing(engine, FakePublisher()), settings, uuid4(), SteadyClock())


def stored(engine: sa.Engine, name: str) -> Any:
    with engine.connect() as connection:
        return get_schedule(connection, name)


def planned(engine: sa.Engine) -> set[str]:
    """Plan what is due; the schedules that have a run by that."""
    with engine.begin() as connection:
        since = read_clock(connection)
        plan_due(connection, 100)
        where = "planned_at >= %(since)s AND slot_at IS NOT NULL AND state <> 'skipped'"
        found = connection.exec_driver_sql(f"SELECT schedule_name FROM runs WHERE {where}", {"since": since})
        return set(found.scalars())


def done(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE runs SET state = 'succeeded', finished_at = now() WHERE state <> 'skipped'")


def fill(engine: sa.Engine, runs: int, **columns: Any) -> None:
    with engine.begin() as connection:
        for _ in range(runs):
            add_run(connection, due_seconds=-5, **columns)


def every_second(engine: sa.Engine, name: str = "tick", **columns: Any) -> UUID:
    with engine.begin() as connection:
        announce(connection)
        return add_schedule(
            connection, name, cursor_seconds_ago=5, **{"overlap": "allow", "every_seconds": 1} | columns
        )


def test_a_schedule_with_too_many_waiting_runs_is_held_back_with_the_reason_on_it(
    engine: sa.Engine, upkeep: Upkeep
) -> None:
    schedule = every_second(engine)
    every_second(engine, "other")
    fill(engine, 4, schedule_id=schedule, schedule_name="tick")
    before = stored(engine, "tick").cursor_at
    upkeep.run()
    held = stored(engine, "tick")
    assert held.held_back == "more than 3 runs of it wait or run (scheduling.schedule_backlog)"
    assert held.cursor_at == before
    assert stored(engine, "other").held_back is None
    assert planned(engine) == {"other"}


def test_once_there_is_room_it_is_decided_by_catch_up(engine: sa.Engine, upkeep: Upkeep) -> None:
    schedule = every_second(engine)
    fill(engine, 4, schedule_id=schedule, schedule_name="tick")
    upkeep.run()
    assert not planned(engine)
    done(engine)
    upkeep.run()
    assert stored(engine, "tick").held_back is None
    assert planned(engine) == {"tick"}


@pytest.mark.parametrize("queue", ["slow", None])
def test_a_full_queue_holds_back_whatever_would_add_to_it(engine: sa.Engine, upkeep: Upkeep, queue: str | None) -> None:
    every_second(engine, "mine", queue=queue)
    every_second(engine, "other", queue="fast")
    fill(engine, 6, queue=queue or "default")
    upkeep.run()
    said = f"more than 5 runs wait in its queue {queue or 'default'} (scheduling.queue_backlog)"
    assert stored(engine, "mine").held_back == said
    assert planned(engine) == {"other"}
    done(engine)
    upkeep.run()
    assert "mine" in planned(engine)


def test_what_is_held_back_stays_so_as_long_as_the_backlog(engine: sa.Engine, upkeep: Upkeep) -> None:
    every_second(engine)
    fill(engine, 6)
    for _ in range(3):
        upkeep.run()
        with engine.begin() as connection:
            connection.exec_driver_sql("UPDATE schedules SET next_due_at = next_due_at - interval '16 s'")
    upkeep.run()
    assert not planned(engine)


def test_what_cancels_its_own_backlog_goes_on(engine: sa.Engine, upkeep: Upkeep) -> None:
    schedule = every_second(engine, overlap="cancel_other")
    fill(engine, 4, schedule_id=schedule, schedule_name="tick")
    upkeep.run()
    assert planned(engine) == {"tick"}


def test_a_pause_or_an_edit_ends_it(engine: sa.Engine, upkeep: Upkeep) -> None:
    for name in ("paused", "edited"):
        every_second(engine, name)
    fill(engine, 6)
    upkeep.run()
    with engine.begin() as connection:
        pause(connection, lock(connection, "paused"), until=None, reason=None, by=By("me"))
        change(connection, lock(connection, "edited"), {"queue": "elsewhere"}, By("me"))
    assert (stored(engine, "paused").held_back, stored(engine, "edited").held_back) == (None, None)
    done(engine)
    upkeep.run()
    assert stored(engine, "paused").next_due_at is None
