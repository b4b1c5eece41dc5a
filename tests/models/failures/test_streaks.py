"""A streak is how often a schedule has failed in the same way without a success in between."""

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from models.failures import streaks
from models.failures.listing import list_failures
from models.failures.streaks import settle_streaks
from tests.models.failures.failing import fail, fold, start, succeed
from tests.models.rows import add_schedule


@pytest.fixture(params=["of a schedule", "of plain messages"])
def columns(request: pytest.FixtureRequest, connection: sa.Connection) -> dict[str, Any]:
    if request.param == "of plain messages":
        return {}
    return {"schedule_id": add_schedule(connection), "schedule_name": "tick"}


def streaks_of(connection: sa.Connection) -> dict[str, int]:
    return {each.error_type: each.streak for each in list_failures(connection, 10)}


@pytest.mark.parametrize("between", [lambda _: None, fold], ids=["at once", "one by one"])
@pytest.mark.parametrize(
    ("ends", "streak"),
    [("F", 1), ("FFF", 3), ("FFS", 0), ("SFF", 2), ("FSF", 1), ("FFSFF", 2), ("FSFSS", 0), ("FKF", 2), ("FKSF", 1)],
)
def test_a_success_ends_it_and_another_failure_does_not(
    connection: sa.Connection, columns: dict[str, Any], between: Callable[[Any], Any], ends: str, streak: int
) -> None:
    for end in ends:
        {
            "F": lambda: fail(connection, **columns),
            "K": lambda: fail(connection, kind="KeyError", **columns),
            "S": lambda: succeed(connection, **columns),
        }[end]()
        between(connection)
    counted = {each.error_type: each.count for each in fold(connection)}
    assert counted["ValueError"] == ends.count("F")
    settle_streaks(connection)
    assert streaks_of(connection)["ValueError"] == streak


def test_only_a_success_of_the_same_schedule_or_actor_ends_it(connection: sa.Connection) -> None:
    one, two = ({"schedule_id": add_schedule(connection, name), "schedule_name": name} for name in ("one", "two"))
    fail(connection, **one), fail(connection, **one), fail(connection, **two)
    fail(connection, kind="KeyError")
    fold(connection)
    succeed(connection, **two), succeed(connection, actor="other")
    assert settle_streaks(connection) == 1
    assert streaks_of(connection) == {"ValueError": 2, "KeyError": 1}


def test_what_has_been_settled_is_not_looked_at_again(connection: sa.Connection, columns: dict[str, Any]) -> None:
    fail(connection, **columns)
    fold(connection)
    assert settle_streaks(connection) == 0
    succeed(connection, **columns)
    assert [settle_streaks(connection), settle_streaks(connection)] == [1, 0]


def test_a_success_is_found_among_very_many_that_wait(connection: sa.Connection, columns: dict[str, Any]) -> None:
    fail(connection, **columns)
    fold(connection)
    succeed(connection, **columns)
    for _ in range(20):
        start(connection, **columns)
    assert settle_streaks(connection) == 1


def test_so_many_runs_are_looked_at_and_no_more(engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    with engine.begin() as connection:
        columns = {"schedule_id": add_schedule(connection), "schedule_name": "tick"}
        succeed(connection, **columns)
        run = fail(connection, **columns)
        copies = """INSERT INTO runs SELECT (jsonb_populate_record(r, jsonb_build_object('id',
            overlay(r.id::text PLACING lpad(to_hex(n), 12, '0') FROM 25 FOR 12)::uuid))).*
            FROM runs r, generate_series(1, 5000) n WHERE r.id = %(id)s"""
        connection.exec_driver_sql(copies, {"id": run})
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.exec_driver_sql("VACUUM ANALYZE runs")
    engine.dispose()
    with engine.begin() as connection:
        newest = connection.exec_driver_sql("SELECT max(id::text)::uuid FROM runs").scalar_one()
        assert streaks.last_successes(connection, [(columns["schedule_id"], "work", newest)]) == {}
        read = "SELECT sum(idx_tup_fetch + seq_tup_read) FROM pg_stat_xact_user_tables WHERE relname LIKE 'runs%%'"
        looked_at = connection.exec_driver_sql(read).scalar_one()
    # Once for the newest, by the key alone.
    assert looked_at - 5002 <= streaks.LOOKED_AT + 10
