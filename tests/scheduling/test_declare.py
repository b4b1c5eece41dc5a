"""Schedules declared in code: stored, changed without losing a slot, removed after a while."""

from datetime import UTC, datetime

import sqlalchemy as sa

from scheduling.plan import plan_due
from tests.models.rows import add_schedule
from tests.scheduling.declaring import declare, row


def test_a_declared_schedule_is_stored_and_does_not_fire_by_that(connection: sa.Connection) -> None:
    declare(connection, timezone="Asia/Tokyo")
    stored = row(connection)
    assert (stored.source, stored.timezone, stored.version) == ("code", "Asia/Tokyo", 1)
    assert stored.next_due_at > stored.cursor_at
    assert plan_due(connection, 10).schedules == 0


def test_a_declaration_may_have_every_field_of_a_definition(connection: sa.Connection) -> None:
    given = {
        "notify_late_seconds": 90.0,
        "pause_after_failures": 3,
        "tags": ["night"],
        "starts_at": "2030-01-01T00:00:00Z",
    }
    declare(connection, **given)
    stored = row(connection)
    assert (stored.notify_late_seconds, stored.pause_after_failures, stored.tags) == (90.0, 3, ["night"])
    assert stored.starts_at == datetime(2030, 1, 1, tzinfo=UTC)
    declare(connection, **given)
    assert row(connection).version == 1


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
