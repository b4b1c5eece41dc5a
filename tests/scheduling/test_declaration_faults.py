"""Declarations that are wrong: shown with the actor, and no obstacle to others."""

import json
from typing import Any

import pytest
import sqlalchemy as sa

from scheduling.declare import apply_declared_schedules
from tests.models.rows import add_schedule, announce
from tests.scheduling.declaring import FORGET_SECONDS, add_worker, declare, row


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
