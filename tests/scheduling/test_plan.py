"""Plan: due slots become rows, cursors move, and a bad row stops nobody."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from config.database import make_engine
from config.sections import Database
from models.lifecycle.planning import take_due_schedules
from models.sql.rows import MANY
from scheduling.plan import plan_due, plan_schedules
from scheduling.planned import Planned
from tests.models.rows import add_run, add_schedule, claim, read_run, set_run


@pytest.fixture(autouse=True, params=[MANY, 1], ids=["rows", "keys"])
def _in_bulk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """However rows travel: few as rows, and many that are alike by their keys."""
    monkeypatch.setattr("models.lifecycle.new_runs.MANY", request.param)
    monkeypatch.setattr("models.lifecycle.planning.MANY", request.param)


def plan(engine: sa.Engine, limit: int = 100) -> Planned:
    with engine.begin() as connection:
        return plan_due(connection, limit)


def ask(engine: sa.Engine, sql: str) -> list[Any]:
    with engine.begin() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(sql)]


def test_a_due_slot_becomes_a_run_and_the_cursor_moves(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        add_schedule(connection, every_seconds=80_000, cursor_seconds_ago=80_000, args={"a": [1]}, priority=8)
    assert plan(engine) == Planned(schedules=1, runs=1)
    assert plan(engine) == Planned()
    made = "SELECT slot_at, due_at, state, args, priority, trigger FROM runs"
    [(slot, due, state, args, priority, trigger)] = ask(engine, made)
    assert (state, args, priority, trigger) == ("planned", {"a": [1]}, 8, "schedule")
    assert slot == due
    assert slot.timestamp() % 80_000 == 0
    moved = "SELECT next_due_at, slots_run FROM schedules WHERE cursor_at >= now() - interval '9 s'"
    [(next_due, slots_run)] = ask(engine, moved)
    assert (next_due - slot, slots_run) == (timedelta(seconds=80_000), 1)


def test_planning_the_same_slot_again_changes_nothing(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        add_schedule(connection, every_seconds=1000, cursor_seconds_ago=1000)
    plan(engine)
    ask(engine, "UPDATE schedules SET cursor_at = cursor_at - interval '1000 s', next_due_at = now() RETURNING 1")
    ask(engine, "UPDATE runs SET state = 'succeeded' RETURNING 1")
    assert plan(engine).runs == 0
    assert ask(engine, "SELECT count(*) FROM runs") == [(1,)]


def test_skips_are_rows_with_range_count_and_reason(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        add_schedule(connection, every_seconds=10, cursor_seconds_ago=1000)
    plan(engine)
    [(reason, slots, span, finished)] = ask(
        engine, "SELECT reason, slots, slot_until - slot_at, finished_at IS NOT NULL FROM runs WHERE state = 'skipped'"
    )
    assert (reason, slots, span, finished) == ("coalesced", 99, timedelta(seconds=980), True)


def test_overlap_counts_what_is_active(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        schedule = add_schedule(connection, every_seconds=1000, cursor_seconds_ago=1000)
        add_run(connection, due_seconds=60, schedule_id=schedule)
    assert plan(engine).runs == 1, "a run that is not due yet is not active"
    ask(engine, "UPDATE schedules SET next_due_at = now(), cursor_at = now() - interval '2000 s' RETURNING 1")
    ask(engine, "UPDATE runs SET slot_at = NULL, id = gen_random_uuid() WHERE slot_at IS NOT NULL RETURNING 1")
    assert plan(engine).runs == 0
    assert ("overlap",) in ask(engine, "SELECT reason FROM runs WHERE state = 'skipped'")


def test_cancel_other_cancels_what_waits_and_asks_what_runs(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        schedule = add_schedule(connection, every_seconds=1000, cursor_seconds_ago=1000, overlap="cancel_other")
        waiting, running = (add_run(connection, schedule_id=schedule) for _ in range(2))
        claim(connection, running)
    assert plan(engine).runs == 1
    with engine.begin() as connection:
        assert read_run(connection, waiting).state == "cancelled"
        row = read_run(connection, running)
    assert (row.state, row.cancel_requested_at is not None) == ("running", True)


def test_max_runs_ends_a_schedule(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        add_schedule(connection, every_seconds=10, cursor_seconds_ago=100, max_runs=3, catchup="all", overlap="allow")
    assert plan(engine).runs == 3
    assert ask(engine, "SELECT next_due_at, slots_run FROM schedules") == [(None, 3)]


def test_jitter_moves_the_due_time_and_not_the_slot(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        add_schedule(
            connection, every_seconds=1000, cursor_seconds_ago=1000, jitter_seconds=500, start_deadline_seconds=5
        )
    plan(engine)
    [(slot, due, deadline)] = ask(engine, "SELECT slot_at, due_at, deadline_at FROM runs")
    assert slot.timestamp() % 1000 == 0
    assert timedelta(0) < due - slot < timedelta(seconds=500)
    assert deadline - due == timedelta(seconds=5)


def test_a_schedule_that_cannot_be_planned_is_set_aside_and_the_others_go_on(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        add_schedule(connection, "bad", cron=["31 2"])
        add_schedule(connection, "worse", cron=["* * * * *"], timezone="Mars/Olympus")
        add_schedule(connection, "good", every_seconds=80_000, cursor_seconds_ago=80_000)
    planned = plan(engine)
    assert (planned.runs, planned.quarantined) == (1, 2)
    errors = dict(ask(engine, "SELECT name, error FROM schedules"))
    assert errors["good"] is None
    assert "ValueError" in errors["bad"]
    assert "Mars/Olympus" in errors["worse"]
    assert plan(engine) == Planned()


@pytest.mark.parametrize(
    "columns", [{"start_deadline_seconds": 1e12}, {"jitter_seconds": 1e30}, {"cron": [["x"]], "every_seconds": None}]
)
def test_a_row_that_no_form_would_take_is_set_aside_too(engine: sa.Engine, columns: dict[str, Any]) -> None:
    with engine.begin() as connection:
        for name, its_own in (("good", {}), ("bad", columns)):
            add_schedule(connection, name, cursor_seconds_ago=1000, **{"every_seconds": 1000} | its_own)
    planned = plan(engine)
    assert (planned.runs, planned.quarantined) == (1, 1)
    assert ask(engine, "SELECT name FROM schedules WHERE error IS NULL") == [("good",)]


def test_a_row_that_the_database_refuses_is_set_aside_too(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        add_schedule(connection, "good", every_seconds=1000, cursor_seconds_ago=1000)
        connection.exec_driver_sql("ALTER TABLE schedules DROP CONSTRAINT schedules_overlap_check")
        connection.exec_driver_sql("ALTER TABLE runs ADD CONSTRAINT no_bad CHECK (actor <> 'refused')")
        add_schedule(connection, "bad", every_seconds=1000, cursor_seconds_ago=1000, actor="refused")
    planned = plan(engine)
    assert (planned.runs, planned.quarantined) == (1, 1)
    assert ask(engine, "SELECT name FROM schedules WHERE error LIKE '%%no_bad%%'") == [("bad",)]


def test_an_error_of_the_database_sets_nothing_aside(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        add_schedule(connection, every_seconds=1000, cursor_seconds_ago=1000)
    with engine.begin() as other:
        other.exec_driver_sql("LOCK TABLE runs IN SHARE MODE")
        with engine.begin() as connection:
            connection.exec_driver_sql("SET LOCAL statement_timeout = 100")
            with pytest.raises(sa.exc.OperationalError):
                plan_due(connection, 10)
            connection.rollback()
    assert ask(engine, "SELECT error FROM schedules") == [(None,)]
    assert plan(engine).runs == 1


def test_a_run_that_waits_for_its_retry_is_active(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        schedule = add_schedule(connection, every_seconds=1000, cursor_seconds_ago=1000)
        set_run(connection, add_run(connection, due_seconds=60, schedule_id=schedule), "state = 'retrying'")
    assert plan(engine).skips == 1


def test_what_was_due_before_a_pause_is_decided_by_the_policies(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        add_schedule(connection, every_seconds=10, cursor_seconds_ago=100)
        connection.exec_driver_sql("UPDATE schedules SET paused_at = now() - interval '50 s'")
    plan(engine)
    rows = ask(engine, "SELECT state, reason, slots FROM runs ORDER BY slot_at")
    assert [row[0] for row in rows].count("planned") == 1
    assert rows[-1][:2] == ("skipped", "paused")
    assert ask(engine, "SELECT sum(slots) FROM runs") == [(10,)]


def test_what_a_pause_covered_is_one_row_once_it_is_over(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        add_schedule(connection, every_seconds=10, cursor_seconds_ago=1000)
        connection.exec_driver_sql(
            "UPDATE schedules SET paused_at = now() - interval '1000 s', paused_until = now() - interval '15 s'"
        )
    plan(engine)
    rows = ask(engine, "SELECT state, reason, slots FROM runs ORDER BY slot_at")
    assert rows[0][:2] == ("skipped", "paused")
    assert rows[0][2] in (98, 99)
    assert rows[-1][0] == "planned"
    assert ask(engine, "SELECT paused_at, paused_until FROM schedules") == [(None, None)]


def test_a_pause_that_ends_by_itself_gives_failures_a_new_start(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        add_schedule(connection, "over", every_seconds=10, consecutive_failures=3, pause_after_failures=3)
        add_schedule(connection, "never", every_seconds=10, consecutive_failures=2, cursor_seconds_ago=100)
        connection.exec_driver_sql(
            "UPDATE schedules SET paused_at = now() - interval '1000 s', paused_until = now() - interval '1 s'"
            " WHERE name = 'over'"
        )
    assert plan(engine).schedules == 2
    assert ask(engine, "SELECT name, consecutive_failures FROM schedules ORDER BY name") == [("never", 2), ("over", 0)]


def test_planners_at_once_decide_each_schedule_once(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        for number in range(60):
            add_schedule(connection, f"s{number}", every_seconds=1000, cursor_seconds_ago=1000)
    planned: list[int] = []

    def work() -> None:
        while done := plan(engine, limit=7).schedules:
            planned.append(done)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(planned) == 60
    assert ask(engine, "SELECT count(*), count(DISTINCT schedule_id) FROM runs") == [(60, 60)]


def test_a_cursor_ahead_of_the_clock_is_never_moved_back(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        add_schedule(connection, every_seconds=10, cursor_seconds_ago=-500)
    before = ask(engine, "SELECT cursor_at FROM schedules")
    assert plan(engine).runs == 0
    assert ask(engine, "SELECT cursor_at FROM schedules") == before
    assert before[0][0] > datetime.now(UTC)


def test_no_slot_is_lost_where_the_clocks_of_a_session_go_back(database_url: str, engine: sa.Engine) -> None:
    """Behind PgBouncer the zone of a session is the role's."""
    with engine.begin() as connection:
        name = connection.exec_driver_sql("SELECT current_database()").scalar_one()
        connection.exec_driver_sql(f"ALTER DATABASE {name} SET timezone = 'Europe/Berlin'")
        schedule = add_schedule(connection, cron=["*/5 * * * *"], catchup="all", overlap="allow")
        cursor = f"UPDATE schedules SET cursor_at = '2026-10-25 00:08Z' WHERE id = '{schedule}'"
        connection.exec_driver_sql(cursor)
    pooled = make_engine(Database(url=SecretStr(database_url), pgbouncer=True), pool_size=1, application="test")
    with pooled.begin() as connection:
        now = connection.exec_driver_sql("SELECT timestamptz '2026-10-25 01:06Z'").scalar_one()
        planned = plan_schedules(connection, take_due_schedules(connection, 1), now)
    pooled.dispose()
    assert planned.runs == 12  # from 00:10 to 01:05, which is 02:10 of the summer to 02:05 of the winter
