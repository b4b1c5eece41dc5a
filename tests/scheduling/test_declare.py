"""Schedules declared in code: stored, changed without losing a slot, removed after a while."""

from typing import Any

import pytest
import sqlalchemy as sa

from models.declarations import CodeSchedule
from scheduling.declare import apply_declared_schedules
from scheduling.plan import plan_due
from tests.models.rows import WORKER, add_schedule, announce

FORGET_SECONDS = 600


def declare(connection: sa.Connection, **changes: Any) -> None:
    declared = CodeSchedule(name="nightly", actor="work", cron=["0 0 * * *"], **changes)
    announce(connection, "work", schedule=declared.model_dump(mode="json"))
    apply_declared_schedules(connection, FORGET_SECONDS)


def row(connection: sa.Connection, name: str = "nightly") -> Any:
    return connection.exec_driver_sql("SELECT * FROM schedules WHERE name = %(name)s", {"name": name}).one_or_none()


@pytest.fixture
def connection(engine: sa.Engine) -> Any:
    with engine.begin() as connection:
        yield connection


def test_a_declared_schedule_is_stored_and_does_not_fire_by_that(connection: sa.Connection) -> None:
    declare(connection, timezone="Asia/Tokyo")
    stored = row(connection)
    assert (stored.source, stored.timezone, stored.version) == ("code", "Asia/Tokyo", 1)
    assert stored.next_due_at > stored.cursor_at
    assert plan_due(connection, 10).schedules == 0


def test_declaring_it_again_changes_nothing(connection: sa.Connection) -> None:
    declare(connection)
    before = row(connection)
    declare(connection)
    assert row(connection) == before


def test_a_changed_declaration_decides_what_is_due_by_the_old_one_first(connection: sa.Connection) -> None:
    declare(connection)
    connection.exec_driver_sql("UPDATE schedules SET cursor_at = now() - interval '30 h'")
    declare(connection, timezone="Asia/Tokyo")
    stored = row(connection)
    assert (stored.timezone, stored.version) == ("Asia/Tokyo", 2)
    assert connection.exec_driver_sql("SELECT count(*) FROM runs WHERE state = 'planned'").scalar_one() == 1


def test_what_an_operator_paused_stays_paused(connection: sa.Connection) -> None:
    declare(connection)
    connection.exec_driver_sql("UPDATE schedules SET paused_at = now(), next_due_at = NULL")
    declare(connection, priority=9)
    stored = row(connection)
    assert stored.paused_at is not None
    assert (stored.next_due_at, stored.priority) == (None, 9)


def test_a_schedule_that_people_made_is_left_alone(connection: sa.Connection) -> None:
    add_schedule(connection, "nightly", every_seconds=10)
    declare(connection)
    stored = row(connection)
    assert (stored.source, stored.every_seconds, stored.cron) == ("api", 10, None)


def test_a_schedule_that_cannot_be_planned_shows_its_error(connection: sa.Connection) -> None:
    declare(connection, timezone="Mars/Olympus")
    plan_due(connection, 10)
    assert "Mars/Olympus" in row(connection).error


def test_a_declaration_of_another_version_that_cannot_be_read_stops_no_other_and_forgets_nothing(
    connection: sa.Connection,
) -> None:
    declare(connection)
    add_worker(connection)
    connection.exec_driver_sql("UPDATE schedules SET announced_at = now() - interval '11 min'")
    announce(connection, "work", schedule={"name": "nightly", "actor": "work", "cron": ["0 0 * * *"], "overlap": "new"})
    other = CodeSchedule(name="other", actor="other", cron=["0 0 * * *"])
    announce(connection, "other", schedule=other.model_dump(mode="json"))
    apply_declared_schedules(connection, FORGET_SECONDS)
    assert row(connection, "other") is not None
    assert row(connection).overlap == "skip"


def add_worker(connection: sa.Connection) -> None:
    connection.exec_driver_sql(
        "INSERT INTO workers VALUES (%(id)s, 'h', 1, '[]', 1, '1', now() - interval '1 h', now(), 0)", {"id": WORKER}
    )


def test_what_is_no_longer_declared_goes_after_a_while_and_never_at_once(connection: sa.Connection) -> None:
    declare(connection)
    add_worker(connection)
    announce(connection, "work")
    apply_declared_schedules(connection, FORGET_SECONDS)
    assert row(connection) is not None
    connection.exec_driver_sql("UPDATE schedules SET announced_at = now() - interval '11 min'")
    apply_declared_schedules(connection, FORGET_SECONDS)
    assert row(connection) is None


def test_nothing_goes_while_no_worker_is_there(connection: sa.Connection) -> None:
    declare(connection)
    connection.exec_driver_sql("UPDATE schedules SET announced_at = now() - interval '9 days'")
    connection.exec_driver_sql("UPDATE actors SET announced_at = now() - interval '9 days'")
    apply_declared_schedules(connection, FORGET_SECONDS)
    assert row(connection) is not None
