"""What is done to schedules is noted in the log of events, whoever does it."""

import pytest
import sqlalchemy as sa

from models.events.telling import choose_states
from tests.models.rows import add_schedule


def kinds(connection: sa.Connection) -> list[tuple[str, str]]:
    return [tuple(row) for row in connection.exec_driver_sql("SELECT kind, subject FROM events ORDER BY id")]


def do(connection: sa.Connection, action: str, target: str = "schedules/tick") -> None:
    statement = "INSERT INTO audit (at, who, action, target) VALUES (now(), 'ann', %(action)s, %(target)s)"
    connection.exec_driver_sql(statement, {"action": action, "target": target})


@pytest.mark.parametrize(
    ("verb", "what"),
    [
        *(("create", "created"), ("update", "updated"), ("rollback", "updated"), ("declare", "updated")),
        *(("pause", "paused"), ("resume", "resumed"), ("delete", "deleted"), ("quarantine", "quarantined")),
    ],
)
def test_an_act_on_a_schedule_is_told(connection: sa.Connection, verb: str, what: str) -> None:
    choose_states(connection, ["failed"])
    do(connection, f"schedule.{verb}")
    assert kinds(connection) == [(f"schedule.{what}", "tick")]


def test_other_acts_are_not(connection: sa.Connection) -> None:
    choose_states(connection, ["failed"])
    do(connection, "schedule.trigger")
    do(connection, "queue.pause", "queues/default")
    assert kinds(connection) == []


def test_a_schedule_that_can_be_planned_again_has_recovered(connection: sa.Connection) -> None:
    choose_states(connection, ["failed"])
    add_schedule(connection, "odd", error="no such zone")
    add_schedule(connection, "good")
    connection.exec_driver_sql("UPDATE schedules SET error = NULL")
    assert kinds(connection) == [("schedule.recovered", "odd")]
    connection.exec_driver_sql("UPDATE schedules SET error = NULL")
    assert len(kinds(connection)) == 1


def test_nothing_is_noted_where_nobody_is_told(connection: sa.Connection) -> None:
    do(connection, "schedule.pause")
    add_schedule(connection, error="no such zone")
    connection.exec_driver_sql("UPDATE schedules SET error = NULL")
    assert kinds(connection) == []
