"""What callsheet does to schedules by itself is in the audit, in its transaction; what is ordinary is not."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from models.lifecycle.ended import EndedRun, tally_outcomes
from models.schedules import lock_schedule
from models.sql.clock import read_clock
from models.words.states import State
from scheduling.commands.audit import By
from scheduling.commands.pause import pause, resume
from scheduling.plan import plan_due
from tests.models.rows import add_schedule

ANN = By("ann", "operator")
MANY_ALIKE = 40


@contextmanager
def statements(engine: sa.Engine) -> Iterator[list[str]]:
    """What is executed in the block."""
    found: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        found.append(statement)

    sa.event.listen(engine, "before_cursor_execute", note)
    yield found
    sa.event.remove(engine, "before_cursor_execute", note)


def plan(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        plan_due(connection, 100)


def acts(engine: sa.Engine) -> list[tuple[Any, ...]]:
    with engine.begin() as connection:
        rows = connection.exec_driver_sql(
            "SELECT who, role, action, target, before, after, reason FROM audit ORDER BY id"
        )
        return [tuple(row) for row in rows]


def end_pauses(connection: sa.Connection, reason: str = "the mail server moves") -> None:
    connection.exec_driver_sql(
        "UPDATE schedules SET paused_at = '2026-01-02 03:04:05Z', paused_until = '2026-01-03 00:00:00.5Z',"
        " paused_by = 'ann', pause_reason = %(reason)s, next_due_at = now()",
        {"reason": reason},
    )


def test_a_pause_that_is_over_is_noted_with_who_began_it_and_why(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        add_schedule(connection, every_seconds=1000)
        end_pauses(connection)
    plan(engine)
    plan(engine)
    before = {
        "paused_by": "ann",
        "reason": "the mail server moves",
        "paused_at": "2026-01-02T03:04:05.000000Z",
        "until": "2026-01-03T00:00:00.500000Z",
    }
    reason = "the pause has reached its end"
    assert acts(engine) == [("callsheet", None, "schedule.resume", "schedules/tick", before, None, reason)]


@pytest.mark.parametrize("count", [3, MANY_ALIKE])
def test_of_many_each_is_noted(engine: sa.Engine, count: int) -> None:
    with engine.begin() as connection:
        for number in range(count):
            add_schedule(connection, f"n{number:02}", every_seconds=1000)
        end_pauses(connection)
        add_schedule(connection, "other", every_seconds=1000, cursor_seconds_ago=1000)
    plan(engine)
    assert [act[3] for act in acts(engine)] == [f"schedules/n{number:02}" for number in range(count)]


def test_planning_what_was_not_paused_asks_nothing_more(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        add_schedule(connection, every_seconds=1000, cursor_seconds_ago=1000)
    with statements(engine) as executed:
        plan(engine)
    assert any("INSERT INTO runs" in each for each in executed)
    assert not any("audit" in each for each in executed)


def test_a_schedule_that_is_set_aside_is_noted_once(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        add_schedule(connection, "bad", cron=["31 2"])
        add_schedule(connection, "good", every_seconds=1000)
    plan(engine)
    with engine.begin() as connection:  # looks at it again, and can't plan it again
        row = lock_schedule(connection, "bad")
        assert row is not None
        pause(connection, row, until=None, reason=None, by=ANN)
    assert [(act[0], act[2], act[3]) for act in acts(engine)] == [
        ("callsheet", "schedule.quarantine", "schedules/bad"),
        ("ann", "schedule.pause", "schedules/bad"),
    ]
    assert acts(engine)[0][6].startswith("ValueError: ")


def test_what_a_refused_row_undoes_is_not_noted(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE runs ADD CONSTRAINT no_bad CHECK (actor <> 'refused')")
        add_schedule(connection, "bad", every_seconds=1, cursor_seconds_ago=10, actor="refused")
        add_schedule(connection, "good", every_seconds=1, cursor_seconds_ago=10)
        end_pauses(connection)
        connection.exec_driver_sql(
            "UPDATE schedules SET paused_at = now() - '9 s'::interval, paused_until = now() - '5 s'::interval"
        )
    plan(engine)
    assert sorted(act[2:4] for act in acts(engine)) == [
        ("schedule.quarantine", "schedules/bad"),
        ("schedule.resume", "schedules/good"),
    ]


def test_who_resumes_what_has_ended_already_did_nothing(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        add_schedule(connection, every_seconds=1000)
        end_pauses(connection)
        row = lock_schedule(connection, "tick")
        assert row is not None
        resume(connection, row, ANN)
        after = lock_schedule(connection, "tick")
        assert after is not None
        assert (after.paused_at, after.next_due_at is None) == (None, False)
    assert [(act[0], act[2]) for act in acts(engine)] == [("callsheet", "schedule.resume")]


def test_a_pause_for_failures_is_noted_once(engine: sa.Engine) -> None:
    def fail(connection: sa.Connection) -> None:
        now = read_clock(connection)
        ends = [EndedRun(uuid4(), 1, State.FAILED, schedule, now, False, False) for schedule in (patient, strict)]
        assert tally_outcomes(connection, ends) == []

    with engine.begin() as connection:
        patient = add_schedule(connection, "patient")
        strict = add_schedule(connection, "strict", pause_after_failures=2)
        fail(connection)
    assert acts(engine) == []
    with engine.connect() as connection:
        fail(connection)
        connection.rollback()
    assert acts(engine) == []
    for _ in range(2):
        with engine.begin() as connection:
            fail(connection)
    noted = ("callsheet", None, "schedule.pause", "schedules/strict", None, {"until": None}, "2 failures in a row")
    assert acts(engine) == [noted]
