"""Counters: what scheduling decides, publishes and rescues is counted for metrics, once it is so."""

from collections.abc import Sequence
from uuid import UUID

import pytest
import sqlalchemy as sa

from models.lifecycle.publishing import take_publishable_runs
from scheduling.publish import Outgoing, Publishing
from scheduling.rescue import skip_overdue
from scheduling.tick import Ticker
from tests.models.counters.totals import counting
from tests.models.rows import add_run, add_schedule, announce, claim, set_run
from tests.scheduling.ticking import FakePublisher

SLOTS = "callsheet_slots_total"
PUBLISHED = "callsheet_published_total"


def test_slots_are_counted_by_what_becomes_of_them(engine: sa.Engine, ticker: Ticker) -> None:
    """A row that stands for many slots counts as so many."""
    with engine.begin() as connection:
        add_schedule(connection, "one", every_seconds=1000, cursor_seconds_ago=999.5)
        add_schedule(connection, "late", every_seconds=10, cursor_seconds_ago=100, catchup="latest")
        add_schedule(connection, "paused", every_seconds=10, cursor_seconds_ago=35, paused_at="now")
        connection.exec_driver_sql("UPDATE schedules SET paused_at = now() - interval '1 hour' WHERE name = 'paused'")
    with counting(SLOTS) as counted:
        ticker.tick()
        ticker.close()
    with engine.begin() as connection:
        rows = connection.exec_driver_sql("""
            SELECT CASE state WHEN 'skipped' THEN 'skipped' ELSE 'planned' END, coalesce(reason, ''), sum(slots)::int
            FROM runs GROUP BY 1, 2""").all()
    assert counted == {(outcome, reason): slots for outcome, reason, slots in rows}
    assert max(slots for (outcome, _), slots in counted.items() if outcome == "skipped") >= 8


def test_slots_of_a_round_that_does_not_commit_are_not_counted(engine: sa.Engine, ticker: Ticker) -> None:
    with engine.begin() as connection:
        add_schedule(connection, every_seconds=1000, cursor_seconds_ago=9000, catchup="none")
        connection.exec_driver_sql("""
            CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;
            CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON runs DEFERRABLE INITIALLY DEFERRED
                FOR EACH ROW EXECUTE FUNCTION refuse()""")
    with counting(SLOTS) as counted:
        assert ticker._planners.plan(10, 0).failure is not None
    assert counted == {}


def test_a_slot_that_misses_its_deadline_is_counted_and_a_run_by_hand_is_none(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        schedule = add_schedule(connection, "tick")
        for run in (add_run(connection, schedule_id=schedule), add_run(connection)):
            set_run(connection, run, "deadline_at = now() - interval '1 s'")
    with counting(SLOTS) as counted:
        assert skip_overdue(engine, 10) == 2
    assert counted == {("skipped", "deadline"): 1}


class HalfDeaf(FakePublisher):
    """A broker that confirms but the first of each publishing."""

    def publish(self, messages: Sequence[Outgoing]) -> set[UUID]:
        super().publish(messages)
        return set(messages[0].runs)


def test_what_is_published_is_counted_by_the_broker_s_answer(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        announce(connection)
        for _ in range(3):
            add_run(connection)
        runs = take_publishable_runs(connection, 10, 10)
    with counting(PUBLISHED) as counted:
        Publishing(engine, HalfDeaf()).publish(runs)
    assert counted == {("confirmed",): 1, ("unconfirmed",): 2}


def test_what_is_published_again_is_counted_apart(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        set_run(connection, add_run(connection), "state = 'queued'")
        connection.exec_driver_sql("UPDATE runs SET queued_at = NULL")
    with counting(PUBLISHED) as counted:
        assert Publishing(engine, FakePublisher()).republish_vanished(10, 100) == 1
    assert counted == {("republished",): 1}


def test_rescues_and_rounds_are_counted_and_told(engine: sa.Engine, ticker: Ticker) -> None:
    with engine.begin() as connection:
        run = add_run(connection)
        claim(connection, run)
        set_run(connection, run, "lease_until = now() - interval '1 s'")
    ticker._upkeep._vigil.is_long_enough = lambda: True  # type: ignore[method-assign]
    with counting("callsheet_rescued_total") as rescued, counting("callsheet_round_duration_seconds") as rounds:
        ticker.tick()
        ticker._upkeep.run()
        ticker.close()
    assert (rescued, rounds) == ({(): 1}, {(): 1})
    with engine.begin() as connection:
        told = "SELECT value FROM counters WHERE name = 'callsheet_rescued_total'"
        assert connection.exec_driver_sql(told).scalar_one() >= 1


def test_a_round_that_fails_is_one_too(engine: sa.Engine, ticker: Ticker) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE schedules RENAME TO gone")
    with counting("callsheet_round_duration_seconds") as rounds, pytest.raises(sa.exc.ProgrammingError):
        ticker.tick()
    assert rounds == {(): 1}
