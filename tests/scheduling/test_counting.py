"""Counting: what scheduling and commands end without a worker is in the statistics, once it is committed."""

from typing import Any

import pytest
import sqlalchemy as sa

from models.schedules import lock_schedule
from models.statistics.adding import add_noted
from scheduling.commands import pause, runs, trigger
from scheduling.commands.audit import By
from scheduling.planners import Planners
from scheduling.tick import Ticker
from tests.models.rows import add_run, add_schedule, claim, set_run

WHO = By("somebody", None, None)


def counted(engine: sa.Engine) -> dict[tuple[Any, ...], int]:
    """How many of each kind, once the notes of commands are counted too."""
    statement = "SELECT queue, state, outcome, runs FROM statistics WHERE span_seconds = 0"
    with engine.begin() as connection:
        add_noted(connection, 100)
    with engine.begin() as connection:
        return {tuple(row[:-1]): row[-1] for row in connection.exec_driver_sql(statement)}


def test_slots_that_planning_skips_and_runs_that_it_cancels_are_counted(engine: sa.Engine, ticker: Ticker) -> None:
    with engine.begin() as connection:
        add_schedule(connection, "late", every_seconds=1000, cursor_seconds_ago=9000, catchup="none", queue="a")
        other = add_schedule(
            connection, "newest", every_seconds=1000, cursor_seconds_ago=1000, overlap="cancel_other", queue="b"
        )
        add_run(connection, due_seconds=-5, schedule_id=other, queue="b")
    ticker.tick()
    ticker.close()
    found = counted(engine)
    assert found[("b", "cancelled", "")] == 1
    with engine.begin() as connection:
        skips = connection.exec_driver_sql("SELECT count(*) FROM runs WHERE state = 'skipped'").scalar_one()
    assert found[("a", "skipped", "")] == skips >= 1


def test_a_round_that_does_not_commit_is_not_counted(
    engine: sa.Engine, ticker: Ticker, monkeypatch: pytest.MonkeyPatch
) -> None:
    with engine.begin() as connection:
        add_schedule(connection, every_seconds=1000, cursor_seconds_ago=9000, catchup="none")
        connection.exec_driver_sql("""
            CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;
            CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON runs DEFERRABLE INITIALLY DEFERRED
                FOR EACH ROW EXECUTE FUNCTION refuse()""")
    planners: Planners = ticker._planners
    assert planners.plan(10, 0).failure is not None
    ticker.close()
    assert counted(engine) == {}


def test_lost_and_overdue_runs_are_counted(engine: sa.Engine, ticker: Ticker) -> None:
    with engine.begin() as connection:
        for retries in (0, 1):
            run = add_run(connection, due_seconds=-60, max_retries=retries)
            claim(connection, run)
            set_run(connection, run, "started_at = due_at + interval '20 s', lease_until = now() - interval '1 s'")
        set_run(connection, add_run(connection), "deadline_at = now() - interval '1 s'")
    vigil = ticker._upkeep._vigil
    vigil.is_long_enough = lambda: True  # type: ignore[method-assign]
    ticker._upkeep.run()
    ticker.close()
    assert counted(engine) == {
        ("default", "failed", "lost"): 1,
        ("default", "retrying", "lost"): 1,
        ("default", "skipped", ""): 1,
    }
    with engine.begin() as connection:
        late = "SELECT sum(lateness_seconds) FROM statistics WHERE span_seconds = 0"
        assert connection.exec_driver_sql(late).scalar_one() == 40


def test_what_people_cancel_and_what_their_acts_skip_is_counted(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        add_schedule(connection, every_seconds=1000, cursor_seconds_ago=3000, overlap="skip", catchup="none")
        waits, runs_now = add_run(connection), add_run(connection)
        claim(connection, runs_now)
    for run in (waits, runs_now):
        with engine.begin() as connection:
            runs.cancel(connection, run, WHO)  # the one that runs is only asked to end
    assert counted(engine) == {("default", "cancelled", ""): 1}
    with engine.begin() as connection:
        row = lock_schedule(connection, "tick")
        assert row is not None
        pause.pause(connection, row, until=None, reason=None, by=WHO)
    with engine.begin() as connection:
        skips = connection.exec_driver_sql("SELECT count(*) FROM runs WHERE state = 'skipped'").scalar_one()
    assert counted(engine)[("default", "skipped", "")] == skips >= 1


@pytest.mark.parametrize(("overlap", "state"), [("skip", "skipped"), ("cancel_other", "cancelled")])
def test_a_run_by_hand_beside_another_is_counted_as_its_policy_has_it(
    engine: sa.Engine, overlap: str, state: str
) -> None:
    with engine.begin() as connection:
        schedule = add_schedule(connection, overlap=overlap, queue="mail")
        add_run(connection, due_seconds=-5, schedule_id=schedule, queue="mail")
    with engine.begin() as connection:
        row = lock_schedule(connection, "tick")
        assert row is not None
        trigger.trigger(connection, row, trigger.Request(by=WHO))
    assert counted(engine) == {("mail", state, ""): 1}
