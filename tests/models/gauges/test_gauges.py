"""Gauges look at what is live, and at a few of the newest runs, however many have ended."""

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from models.gauges.now import read_now
from models.gauges.of_queues import read_queues
from models.gauges.of_schedules import NEWEST, read_tagged
from models.sql.clock import read_clock
from models.words.ids import new_run_id
from tests.models.rows import add_run, add_schedule
from tests.models.test_last_runs import COPIES

ENDED, LIVE, IDLE = 20_000, 12, 20


@pytest.fixture
def past(engine: sa.Engine) -> sa.Engine:
    """Many runs of one schedule, none of the others, and a few that live."""
    with engine.begin() as connection:
        busy = add_schedule(connection, "busy", tags=["metrics"])
        for number in range(IDLE):
            add_schedule(connection, f"idle-{number}", tags=["metrics"])
        run = add_run(connection, schedule_id=busy, id=new_run_id(read_clock(connection)))
        connection.exec_driver_sql("UPDATE runs SET state = 'succeeded', finished_at = now()")
        connection.exec_driver_sql(COPIES, {"many": ENDED, "id": run})
        for number in range(LIVE):
            add_run(connection, due_seconds=-5, queue=f"q{number % 3}")
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.exec_driver_sql("VACUUM ANALYZE runs")
    engine.dispose()  # a session that has looked at nothing yet
    return engine


@pytest.mark.parametrize(
    ("read", "most"),
    [(read_now, 2 * LIVE), (read_queues, 10 * LIVE), (read_tagged, NEWEST + IDLE)],
    ids=["now", "queues", "tagged"],
)
def test_what_has_ended_is_not_looked_at(past: sa.Engine, read: Callable[[sa.Connection], Any], most: int) -> None:
    with past.begin() as connection:
        found = read(connection)
        looked = "SELECT sum(idx_tup_fetch + seq_tup_read) FROM pg_stat_xact_user_tables WHERE relname LIKE 'runs%%'"
        assert connection.exec_driver_sql(looked).scalar_one() <= most
    assert found


def test_what_gauges_say(past: sa.Engine) -> None:
    with past.begin() as connection:
        assert read_now(connection).planned_backlog == LIVE
        tagged, left_out = read_tagged(connection)
    with past.begin() as connection:
        queues = read_queues(connection)
    assert [(queue.name, queue.runs["planned"]) for queue in queues.items] == [("q0", 4), ("q1", 4), ("q2", 4)]
    assert (queues.left_out, left_out) == (0, 0)
    assert [each.name for each in tagged if each.success_age_seconds is not None] == ["busy"]
