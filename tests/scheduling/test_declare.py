"""Schedules declared in code: stored, changed without losing a slot, removed after a while."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from scheduling.commands import edit
from scheduling.commands.faults import Conflict
from scheduling.commands.pause import pause, resume
from scheduling.declare import apply_declared_schedules
from scheduling.plan import plan_due
from tests.models.rows import WORKER, add_schedule, announce

FORGET_SECONDS = 600


def declare(connection: sa.Connection, **changes: Any) -> None:
    announce(connection, "work", schedule={"name": "nightly", "actor": "work", "cron": ["0 0 * * *"]} | changes)
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


def error(connection: sa.Connection, actor: str = "work") -> str | None:
    query = "SELECT declaration_error FROM actors WHERE name = %(actor)s"
    found: str | None = connection.exec_driver_sql(query, {"actor": actor}).scalar_one()
    return found


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": "SendEmail"}, "name: "),
        ({"timezone": "Mars/Olympus"}, "timezone: unknown time zone 'Mars/Olympus'"),
        ({"cron": ["61 * * * *"]}, "cron: "),
        ({"cron": ["0 0 31 2 *"]}, "cron: "),
        ({"min_backoff_seconds": 100, "max_backoff_seconds": 10}, "min_backoff_seconds: must not be above"),
        ({"max_retries": -1}, "max_retries: "),
        ({"args": {"token": "${secret:my-name}"}}, "args.token: "),
        ({"tags": ["x" * 101]}, "tags.0: "),
        ({"refused": "catchupp: unknown field"}, "catchupp: unknown field"),
    ],
)
def test_what_is_wrong_with_a_declaration_is_shown_and_stops_no_other(
    connection: sa.Connection, changes: dict[str, Any], words: str
) -> None:
    announce(connection, "good", schedule={"name": "good", "actor": "good", "cron": ["* * * * *"]})
    announce(connection, "zoo", schedule={"name": "zoo", "actor": "zoo", "cron": ["* * * * *"]})
    declare(connection, **changes)
    assert words in (error(connection) or "")
    assert row(connection, changes.get("name", "nightly")) is None
    assert row(connection, "good") is not None
    assert row(connection, "zoo") is not None


def test_a_wrong_declaration_leaves_what_was_right_before_in_force(connection: sa.Connection) -> None:
    declare(connection)
    declare(connection, timezone="Mars/Olympus")
    assert (row(connection).timezone, row(connection).version, row(connection).error) == ("UTC", 1, None)
    declare(connection, timezone="Asia/Tokyo")
    assert (row(connection).timezone, error(connection)) == ("Asia/Tokyo", None)


def test_the_fault_of_a_declaration_goes_with_it(connection: sa.Connection) -> None:
    declare(connection, timezone="Mars/Olympus")
    announce(connection, "work")
    apply_declared_schedules(connection, FORGET_SECONDS)
    assert error(connection) is None


def test_of_two_actors_that_declare_one_name_the_first_decides_and_stays_so(connection: sa.Connection) -> None:
    for actor, cron in (("aa", "* * * * *"), ("bb", "0 * * * *")):
        announce(connection, actor, schedule={"name": "shared", "actor": actor, "cron": [cron]})
    for _ in range(4):
        apply_declared_schedules(connection, FORGET_SECONDS)
    stored = row(connection, "shared")
    assert (stored.actor, stored.cron, stored.version) == ("aa", ["* * * * *"], 1)
    assert error(connection, "aa") is None
    assert error(connection, "bb") == "the actor aa declares the schedule shared already"


def test_a_declaration_that_was_set_aside_by_planning_says_so(connection: sa.Connection) -> None:
    declare(connection)
    connection.exec_driver_sql("UPDATE schedules SET error = 'ValueError: never'")
    declare(connection)
    assert error(connection) == "ValueError: never"


@pytest.mark.parametrize("given", [["no object"], "text", 5])
def test_what_is_no_object_declares_nothing_and_stops_no_other(connection: sa.Connection, given: Any) -> None:
    announce(connection, "odd", schedule=given)
    declare(connection)
    assert row(connection) is not None


def test_an_actor_whose_schema_leads_in_a_circle_takes_any_arguments(connection: sa.Connection) -> None:
    declare(connection)
    circle = {"$defs": {"a": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"}
    connection.exec_driver_sql(
        "UPDATE actors SET parameters = %(circle)s WHERE name = 'work'", {"circle": json.dumps(circle)}
    )
    connection.exec_driver_sql(
        "UPDATE actors SET options = jsonb_set(options, '{schedule,timezone}', '\"Asia/Tokyo\"') WHERE name = 'work'"
    )
    apply_declared_schedules(connection, FORGET_SECONDS)
    assert row(connection).timezone == "Asia/Tokyo"


def test_a_name_that_people_have_taken_is_a_fault_of_the_declaration(connection: sa.Connection) -> None:
    add_schedule(connection, "nightly", every_seconds=10)
    declare(connection)
    assert error(connection) == "there is a schedule of that name that comes from api"


def test_a_declaration_of_another_version_that_cannot_be_read_stops_no_other_and_forgets_nothing(
    connection: sa.Connection,
) -> None:
    declare(connection)
    add_worker(connection)
    connection.exec_driver_sql("UPDATE schedules SET announced_at = now() - interval '11 min'")
    announce(connection, "work", schedule={"name": "nightly", "actor": "work", "cron": ["0 0 * * *"], "overlap": "new"})
    announce(connection, "other", schedule={"name": "other", "actor": "other", "cron": ["0 0 * * *"]})
    apply_declared_schedules(connection, FORGET_SECONDS)
    assert row(connection, "other") is not None
    assert row(connection).overlap == "skip"


def add_worker(connection: sa.Connection, queue: str = "default", started: str = "1 h") -> None:
    connection.exec_driver_sql(
        "INSERT INTO workers (id, host, pid, queues, threads, version, started_at, last_seen_at, running)"
        " VALUES (%(id)s, 'h', 1, jsonb_build_array(%(queue)s::text), 1, '1', now() - %(started)s::interval, now(), 0)"
        " ON CONFLICT (id) DO UPDATE SET queues = excluded.queues, started_at = excluded.started_at",
        {"id": WORKER, "queue": queue, "started": started},
    )


def give_up(connection: sa.Connection, ago: str = "11 min") -> None:
    """Nobody has declared it for so long."""
    announce(connection, "work")
    connection.exec_driver_sql("UPDATE schedules SET announced_at = now() - %(ago)s::interval", {"ago": ago})
    apply_declared_schedules(connection, FORGET_SECONDS)


def test_what_is_no_longer_declared_is_paused_after_a_while_and_never_at_once(connection: sa.Connection) -> None:
    declare(connection)
    add_worker(connection)
    give_up(connection, "9 min")
    assert row(connection).paused_at is None
    connection.exec_driver_sql("UPDATE schedules SET slots_run = 7")
    give_up(connection)
    stopped = row(connection)
    assert (stopped.paused_by, stopped.pause_reason) == ("callsheet", "no worker declares it any more")
    assert (stopped.next_due_at, stopped.slots_run) == (None, 7)


@pytest.mark.parametrize("priority", [5, 9])
def test_what_is_declared_again_goes_on_and_does_not_fire_by_that(connection: sa.Connection, priority: int) -> None:
    declare(connection)
    add_worker(connection)
    give_up(connection)
    connection.exec_driver_sql(
        "UPDATE schedules SET cursor_at = now() - interval '2 days', paused_at = now() - interval '2 days'"
    )
    declare(connection, priority=priority)
    stored = row(connection)
    assert (stored.paused_at, stored.pause_reason, stored.priority) == (None, None, priority)
    assert stored.next_due_at > stored.cursor_at
    reasons = connection.exec_driver_sql("SELECT state, reason, slots FROM runs").all()
    assert reasons == [("skipped", "paused", 2)]


@pytest.mark.parametrize(("queue", "started"), [("other", "9 days"), ("default", "9 min")])
def test_workers_of_other_queues_and_those_that_have_just_started_do_not_judge(
    connection: sa.Connection, queue: str, started: str
) -> None:
    declare(connection)
    add_worker(connection, queue, started)
    give_up(connection, "9 days")
    assert row(connection).paused_at is None


def test_nothing_is_paused_while_no_worker_is_there(connection: sa.Connection) -> None:
    declare(connection)
    connection.exec_driver_sql("UPDATE schedules SET announced_at = now() - interval '9 days'")
    connection.exec_driver_sql("UPDATE actors SET announced_at = now() - interval '9 days'")
    connection.exec_driver_sql("UPDATE workers SET last_seen_at = now() - interval '9 days'")
    apply_declared_schedules(connection, FORGET_SECONDS)
    assert row(connection).paused_at is None


def test_a_pause_of_people_outlives_that_nobody_declares_it(connection: sa.Connection) -> None:
    declare(connection)
    add_worker(connection)
    pause(connection, edit.lock(connection, "nightly"), until=None, reason="holidays", by="ann")
    give_up(connection)
    declare(connection)
    assert (row(connection).paused_by, row(connection).pause_reason) == ("ann", "holidays")


def test_what_is_stopped_is_peoples_to_resume_or_delete(connection: sa.Connection) -> None:
    declare(connection)
    add_worker(connection)
    with pytest.raises(Conflict):
        edit.delete(connection, edit.lock(connection, "nightly"))
    give_up(connection)
    resume(connection, edit.lock(connection, "nightly"), "ann")
    apply_declared_schedules(connection, FORGET_SECONDS)
    assert row(connection).paused_at is None
    edit.delete(connection, edit.lock(connection, "nightly"))
    assert row(connection) is None
