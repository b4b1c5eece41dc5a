"""Rows that somebody else has locked: they wait, and nothing else does. What waits for a lock here fails."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from config.database import make_engine, single_statements
from config.sections import Database, Worker
from config.settings import Settings
from models.lifecycle.publishing import resolve_queues
from models.lifecycle.rescuing import skip_overdue_runs
from scheduling.declare import apply_declared_schedules
from scheduling.plan import LOCKED_SECONDS, plan_due
from scheduling.publish import Publishing
from scheduling.rescue import skip_overdue
from scheduling.steady import SteadyClock
from scheduling.upkeep import Upkeep
from tests.models.rows import add_run, add_schedule, announce, claim, read_run, set_run
from tests.scheduling.ticking import FakePublisher

IMPATIENT = 50


@pytest.fixture(params=[False, True], ids=["straight", "pooled"])
def database(request: pytest.FixtureRequest, database_url: str) -> Database:
    return Database(url=SecretStr(database_url), pgbouncer=request.param)


@pytest.fixture
def impatient(database: Database) -> Iterator[sa.Engine]:
    """As a scheduling process has it."""
    engine = make_engine(database, pool_size=3, application="test", patience_milliseconds=IMPATIENT)
    yield engine
    engine.dispose()


def states(engine: sa.Engine, runs: Sequence[UUID]) -> list[str]:
    with engine.begin() as connection:
        return [read_run(connection, run).state for run in runs]


def upkeep(engine: sa.Engine, **worker: float) -> Upkeep:
    return Upkeep(
        engine, Publishing(engine, FakePublisher()), Settings(worker=Worker(**worker)), uuid4(), SteadyClock()
    )


def test_a_run_that_is_locked_while_its_confirm_is_noted_delays_no_other(
    engine: sa.Engine, impatient: sa.Engine, database: Database
) -> None:
    with engine.begin() as connection:
        announce(connection)
        locked, free = add_run(connection), add_run(connection)

    publishing = Publishing(single_statements(impatient, database), FakePublisher())
    assert publishing.publish_due(10, 100) == 2
    with engine.begin() as holder:
        holder.exec_driver_sql("SELECT FROM runs WHERE id = %(id)s FOR UPDATE", {"id": locked})
        publishing.note_confirmed(0)
    with engine.begin() as connection:
        assert [read_run(connection, run).lease_until is None for run in (locked, free)] == [False, True]


def test_schedules_whose_active_runs_are_locked_are_left_out_and_the_others_planned_at_once(
    engine: sa.Engine, impatient: sa.Engine
) -> None:
    with engine.begin() as connection:
        active = []
        for number in range(3):
            schedule = add_schedule(connection, f"locked-{number}", every_seconds=60, overlap="cancel_other")
            active.append(add_run(connection, schedule_id=schedule, overlap="cancel_other"))
        claim(connection, active[0])
        for name, overlap in (("free", "cancel_other"), ("innocent", "skip")):
            add_schedule(connection, name, every_seconds=1, cursor_seconds_ago=1, overlap=overlap)
        connection.exec_driver_sql("UPDATE schedules SET cursor_at = now() - interval '60 s' WHERE name ~ 'locked'")
    due_in = "SELECT extract(epoch FROM next_due_at - now()) FROM schedules WHERE name ~ 'locked'"
    with engine.begin() as holder:
        holder.exec_driver_sql("SELECT FROM runs FOR UPDATE")
        with impatient.begin() as connection:
            assert plan_due(connection, 10).runs == 2
            waits = connection.exec_driver_sql(due_in).scalars().all()
            assert [float(wait) for wait in waits] == [LOCKED_SECONDS] * 3
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE schedules SET next_due_at = now() WHERE name ~ 'locked'")
        plan_due(connection, 10)
    assert states(engine, active) == ["running", "cancelled", "cancelled"]


def test_a_locked_schedule_of_code_stops_no_other_declaration(engine: sa.Engine, impatient: sa.Engine) -> None:
    def declare(actor: str, **schedule: Any) -> None:
        with engine.begin() as connection:
            announce(connection, actor, schedule={"name": actor, "actor": actor, "cron": ["0 0 * * *"]} | schedule)

    def apply() -> None:
        with impatient.begin() as connection:
            apply_declared_schedules(connection, 600)

    declare("first")
    apply()
    declare("first", priority=9)
    declare("second")
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE schedules SET announced_at = now() - interval '1 hour'")
    with engine.begin() as holder:
        holder.exec_driver_sql("SELECT FROM schedules FOR UPDATE")
        apply()
    priorities = "SELECT name, priority FROM schedules ORDER BY name"
    with engine.begin() as connection:
        assert [tuple(row) for row in connection.exec_driver_sql(priorities)] == [("first", 5), ("second", 5)]
    apply()
    with engine.begin() as connection:
        assert [tuple(row) for row in connection.exec_driver_sql(priorities)] == [("first", 9), ("second", 5)]


def test_overdue_runs_of_a_locked_schedule_take_no_room_from_others(engine: sa.Engine, impatient: sa.Engine) -> None:
    with engine.begin() as connection:
        locked, free = add_schedule(connection, "locked"), add_schedule(connection, "free")
        scheduled = {"trigger": "schedule", "overlap": "allow"}
        first = [add_run(connection, schedule_id=locked, **scheduled) for _ in range(3)]
        last = add_run(connection, schedule_id=free, **scheduled)
        connection.exec_driver_sql("UPDATE runs SET deadline_at = now()")
    with engine.begin() as holder:
        holder.exec_driver_sql("SELECT FROM schedules WHERE name = 'locked' FOR UPDATE")
        assert skip_overdue(impatient, 2) == 1
    assert states(engine, [*first, last]) == ["planned"] * 3 + ["skipped"]


def test_a_failure_is_counted_once_its_schedule_is_free(
    engine: sa.Engine, impatient: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = iter(range(1000))
    monkeypatch.setattr("scheduling.vigil.uptime", lambda: float(next(times)))
    looking = upkeep(impatient, lease_seconds=2, renew_seconds=1)
    with engine.begin() as connection:
        schedule = add_schedule(connection, pause_after_failures=1)
        run = add_run(connection, schedule_id=schedule)
        claim(connection, run)
        set_run(connection, run, "lease_until = now() - interval '1 s'")
    paused = "SELECT paused_at IS NOT NULL FROM schedules"
    with engine.begin() as holder:
        holder.exec_driver_sql("SELECT FROM schedules FOR UPDATE")
        for _ in range(4):
            looking.run()
        assert states(engine, [run]) == ["failed"]
    looking.run()
    with engine.begin() as connection:
        assert connection.exec_driver_sql(paused).scalar_one()


def test_nobody_is_lost_for_a_table_that_nobody_could_write_to(
    engine: sa.Engine, impatient: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As while an index is made: no lease could be renewed, though the database answers."""
    now = [0.0]
    monkeypatch.setattr("scheduling.vigil.uptime", lambda: now[0])
    looking = upkeep(impatient, lease_seconds=30)

    def look(times: int) -> None:
        for _ in range(times):
            now[0] += 4
            looking.run()

    with engine.begin() as connection:
        run = add_run(connection)
        claim(connection, run)
    look(2)
    with engine.begin() as holder:
        holder.exec_driver_sql("LOCK TABLE runs IN SHARE MODE")
        look(2)
        now[0] += 40
        look(1)
    with engine.begin() as connection:
        set_run(connection, run, "lease_until = now() - interval '10 s'")
    look(8)
    assert states(engine, [run]) == ["running"]
    look(1)
    assert states(engine, [run]) == ["failed"]


def test_skips_lock_no_more_schedules_than_they_skip_runs(engine: sa.Engine, impatient: sa.Engine) -> None:
    """Planning passes over what is locked."""
    with engine.begin() as connection:
        for number in range(6):
            schedule = add_schedule(connection, f"s{number}")
            add_run(connection, schedule_id=schedule, trigger="schedule", overlap="allow")
        connection.exec_driver_sql("UPDATE runs SET deadline_at = now()")
    free = "SELECT count(*) FROM (SELECT FROM schedules FOR UPDATE SKIP LOCKED) f"
    with impatient.begin() as skipping, engine.begin() as connection:
        assert len(skip_overdue_runs(skipping, 2)) == 2
        assert connection.exec_driver_sql(free).scalar_one() == 4
    assert [skip_overdue(impatient, 2) for _ in range(3)] == [2, 2, 0]


def test_a_locked_run_keeps_no_other_from_the_queue_of_its_actor(engine: sa.Engine, impatient: sa.Engine) -> None:
    with engine.begin() as connection:
        schedule = add_schedule(connection)
        locked, free, last = (add_run(connection, schedule_id=schedule, overlap="allow") for _ in range(3))
        connection.exec_driver_sql("UPDATE runs SET waiting_for = 'actor'")
        announce(connection, queue="reports")

    def resolve() -> int:
        with impatient.begin() as connection:
            return resolve_queues(connection, 1)

    with engine.begin() as holder:
        holder.exec_driver_sql("SELECT FROM runs WHERE id = %(id)s FOR UPDATE", {"id": locked})
        assert [resolve() for _ in range(3)] == [1, 1, 0]
    with engine.begin() as connection:
        queues = [read_run(connection, run).queue for run in (locked, free, last)]
    assert queues == ["default", "reports", "reports"]
    assert resolve() == 1


def test_planning_and_a_renewal_that_want_two_runs_in_other_orders_do_not_wait_for_each_other(
    engine: sa.Engine, impatient: sa.Engine
) -> None:
    """Each held one of the two, and waited for the other's."""
    with engine.begin() as connection:
        runs = []
        for name in ("first", "second"):
            schedule = add_schedule(connection, name, every_seconds=60, overlap="cancel_other", cursor_seconds_ago=60)
            runs.append(add_run(connection, schedule_id=schedule, overlap="cancel_other"))
            claim(connection, runs[-1])
    lock = "SELECT FROM runs WHERE id = %(id)s FOR UPDATE"
    with ThreadPoolExecutor(1) as other, engine.begin() as renewing:
        renewing.exec_driver_sql(lock, {"id": runs[1]})
        with impatient.begin() as planning:
            assert plan_due(planning, 10).locked == 1
            wants = other.submit(renewing.exec_driver_sql, lock, {"id": runs[0]})
        wants.result(10)
    with engine.begin() as connection:
        asked = [read_run(connection, run).cancel_requested_at is not None for run in runs]
    assert asked == [True, False]
