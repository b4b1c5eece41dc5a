"""Schedules that could not be planned, or were planned by a clock that was wrong: a person brings them back."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from falcon.testing import TestClient

from scheduling.plan import plan_due

Execute = Callable[..., Any]
SCHEDULE = "/v1/schedules/nightly"

ACTS = {
    "patch": lambda client: client.simulate_patch(SCHEDULE, json={"cron": "* * * * *", "start_deadline_seconds": None}),
    "put": lambda client: client.simulate_put(SCHEDULE, json={"actor": "log_message", "cron": "* * * * *"}),
    "delete": lambda client: client.simulate_delete(SCHEDULE),
    "pause": lambda client: client.simulate_post(f"{SCHEDULE}/pause"),
    "resume": lambda client: client.simulate_post(f"{SCHEDULE}/resume"),
}


def _rows(execute: Execute) -> list[Any]:
    rows: list[Any] = execute(
        "SELECT state, reason, slots, slot_at, slot_until, planned_at, result FROM runs ORDER BY id"
    )
    return rows


@pytest.fixture
def set_aside(create: Callable[..., Any], execute: Execute, engine: sa.Engine) -> Callable[[str], datetime]:
    """Give the schedule columns by which it can't be planned, have planning find that out; where its cursor stands."""

    def find_out(columns: str) -> datetime:
        create(cron="* * * * *")
        execute(f"UPDATE schedules SET {columns}, cursor_at = now() - interval '1 hour', next_due_at = now()")
        with engine.begin() as connection:
            assert plan_due(connection, 1).quarantined == 1
        [(cursor,)] = execute("SELECT cursor_at FROM schedules")
        return datetime.fromisoformat(cursor.isoformat())

    return find_out


BAD = ["cron = '[\"31 2\"]'", "start_deadline_seconds = 1e12"]


@pytest.mark.parametrize("columns", BAD)
@pytest.mark.parametrize("act", ["patch", "put", "delete", "pause"])
def test_what_was_due_while_it_was_set_aside_is_one_row(
    client: TestClient, set_aside: Callable[[str], datetime], execute: Execute, columns: str, act: str
) -> None:
    cursor = set_aside(columns)
    assert ACTS[act](client).status_code in (200, 204)
    [row] = _rows(execute)
    assert (row.state, row.reason, row.slots) == ("skipped", "missed", 1)
    assert (row.slot_at, row.slot_until) == (cursor + timedelta(microseconds=1), row.planned_at)
    assert "Error: " in row.result["error"]
    if act in ("patch", "put"):
        [(at, error, due)] = execute("SELECT cursor_at, error, next_due_at FROM schedules")
        assert (at, error) == (row.planned_at, None)
        assert at < due <= at + timedelta(minutes=1)


def test_what_can_be_decided_after_all_is(
    client: TestClient, set_aside: Callable[[str], datetime], execute: Execute
) -> None:
    """A release later the same definition may be one that can be planned."""
    set_aside(BAD[0])
    execute("UPDATE schedules SET cron = '[\"* * * * *\"]'")
    ACTS["patch"](client)
    rows = _rows(execute)
    assert sum(row.slots for row in rows) in (60, 61)  # a minute may have ended meanwhile
    assert {(row.state, row.reason) for row in rows} == {("planned", None), ("skipped", "coalesced")}


def test_one_that_is_set_aside_and_paused_can_be_resumed(
    client: TestClient, set_aside: Callable[[str], datetime], execute: Execute
) -> None:
    set_aside(BAD[0])
    ACTS["pause"](client)
    assert ACTS["resume"](client).status_code == 200
    assert len(_rows(execute)) in (1, 2)
    [(error, due)] = execute("SELECT error, next_due_at FROM schedules")
    assert (error is not None, due) == (True, None)
    ACTS["patch"](client)
    assert all(row.reason == "missed" for row in _rows(execute))


@pytest.mark.parametrize("act", ["patch", "put", "resume"])
def test_a_cursor_that_lies_in_the_future_comes_back(
    client: TestClient, create: Callable[..., Any], execute: Execute, act: str
) -> None:
    create(cron="* * * * *")
    if act == "resume":
        ACTS["pause"](client)
    execute("UPDATE schedules SET cursor_at = now() + interval '1 day', next_due_at = now() + interval '1 day'")
    ACTS[act](client)
    [(cursor, due)] = execute("SELECT cursor_at, next_due_at FROM schedules")
    assert cursor <= datetime.now(UTC) + timedelta(seconds=5)
    assert cursor < due <= cursor + timedelta(minutes=1)
    assert _rows(execute) == []


@pytest.mark.parametrize("error", [None, "set aside before"])
def test_an_edit_that_could_not_decide_what_is_due_changes_nothing(
    client: TestClient, create: Callable[..., Any], execute: Execute, engine: sa.Engine, error: str | None
) -> None:
    """A slot of it would cancel a run that somebody has locked."""
    create(cron="* * * * *", overlap="cancel_other")
    client.simulate_post(f"{SCHEDULE}/trigger")
    execute("UPDATE schedules SET cursor_at = now() - interval '1 hour', error = %(error)s", error=error)
    with engine.begin() as holder:
        holder.exec_driver_sql("SELECT FROM runs FOR UPDATE")
        assert ACTS["patch"](client).status_code == 409
    assert execute("SELECT version FROM schedules") == [(1,)]
    assert ACTS["patch"](client).status_code == 200
    assert sum(row.slots for row in _rows(execute) if row.slot_at) in (60, 61)
