"""The database's clock is compared with time as it goes by: what jumps is not believed at once."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from config.sections import Worker
from config.settings import Settings
from scheduling.publish import Publishing
from scheduling.steady import HOLD_SECONDS, SteadyClock
from scheduling.tick import Ticker
from scheduling.upkeep import Upkeep
from tests.interleavings.clock import Clock, make_faked_engine
from tests.models.rows import add_run, add_schedule, claim, read_run
from tests.scheduling.ticking import FakePublisher

START = datetime(2026, 11, 23, 12, 0, 30, tzinfo=UTC)
DAY = timedelta(days=1)


class Times:
    """The database's clock and that of this process."""

    def __init__(self) -> None:
        self.database, self.process = START, 1000.0
        self.steady = SteadyClock(lambda: self.process)

    def go_by(self, seconds: float) -> None:
        self.database += timedelta(seconds=seconds)
        self.process += seconds

    def trusts(self, answer_seconds: float = 0) -> bool:
        return self.steady.trusts(self.database, self.process - answer_seconds)


@pytest.fixture
def times() -> Times:
    times = Times()
    assert times.trusts(), "however long nobody has planned before"
    return times


@pytest.mark.parametrize("seconds", [0, 0.005, 1, 60, 3600, 3 * 86400])
def test_time_that_goes_by_for_both_is_no_jump(times: Times, seconds: float) -> None:
    times.go_by(seconds)
    times.process += seconds * 0.0005
    assert times.trusts()


@pytest.mark.parametrize("days", [-1, 1])
def test_a_jump_of_one_round_decides_nothing(times: Times, days: int) -> None:
    times.database += days * DAY
    with capture_logs() as logs:
        assert not times.trusts()
        times.go_by(1)
        assert not times.trusts()
    assert [entry["event"] for entry in logs] == ["clock-jump"]
    assert times.steady.is_doubtful
    times.database -= days * DAY
    assert times.trusts()
    assert not times.steady.is_doubtful


@pytest.mark.parametrize("days", [-1, 1])
def test_a_jump_that_lasts_is_how_things_are(times: Times, days: int) -> None:
    times.database += days * DAY
    assert not times.trusts()
    times.go_by(HOLD_SECONDS)
    assert times.trusts()
    times.go_by(1)
    assert times.trusts()


def test_after_a_jump_that_lasted_the_way_back_is_one_too(times: Times) -> None:
    times.database += DAY
    times.trusts()
    times.go_by(HOLD_SECONDS)
    times.trusts()
    times.database -= DAY
    assert not times.trusts()


@pytest.mark.parametrize("is_late", [False, True])
def test_an_answer_that_takes_long_is_no_jump(times: Times, is_late: bool) -> None:
    """The database said its time when it began to answer, or when it was done with waiting."""
    times.go_by(0 if is_late else 60)
    said = times.database
    times.go_by(60 if is_late else 0)
    assert times.steady.trusts(said, times.process - 60)
    times.go_by(1)
    assert times.trusts()


@pytest.fixture
def clock() -> Clock:
    return Clock(START)


@pytest.fixture
def faked(database_url: str, clock: Clock) -> Iterator[sa.Engine]:
    engine = make_faked_engine(database_url, clock)
    yield engine
    engine.dispose()


def test_a_jump_that_lasts_makes_nobody_lost_who_has_had_no_time_to_renew(
    faked: sa.Engine, clock: Clock, times: Times, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scheduling.vigil.uptime", lambda: times.process)
    settings = Settings(worker=Worker(lease_seconds=30))
    upkeep = Upkeep(faked, Publishing(faked, FakePublisher()), settings, uuid4(), SteadyClock(lambda: times.process))

    def state_after(seconds: int) -> str:
        for _ in range(seconds):
            times.process += 1
            clock.now += timedelta(seconds=1)
            upkeep.run()
        with faked.begin() as connection:
            return read_run(connection, run).state

    with faked.begin() as connection:
        run = add_run(connection)
        claim(connection, run)
    assert state_after(25) == "running"
    clock.now += DAY
    assert state_after(30) == "running"
    assert state_after(30) == "failed"


class TestPlanning:
    @pytest.fixture
    def ticker(self, faked: sa.Engine) -> Iterator[Ticker]:
        with faked.begin() as connection:
            add_schedule(connection, cron=["* * * * *"], cursor_seconds_ago=60)
        ticker = Ticker(faked, FakePublisher(), Settings())
        yield ticker
        ticker.close()

    def test_a_day_that_came_and_went_leaves_no_row(self, faked: sa.Engine, ticker: Ticker, clock: Clock) -> None:
        def rows() -> list[Any]:
            with faked.begin() as connection:
                return list(connection.exec_driver_sql("SELECT slots, slot_at FROM runs").all())

        assert ticker._plan(10).planned.runs == 1
        clock.now += DAY
        assert ticker._plan(10).planned.schedules == 0
        assert ticker._clock.is_doubtful
        assert ticker.tick() > 0, "it does not spin"
        ticker.close()
        with faked.begin() as connection:
            reported = connection.exec_driver_sql("SELECT count(*) FROM schedulers").scalar_one()
        assert not reported, "nobody's lease has run out by such a clock"
        clock.now -= DAY
        ticker._plan(10)
        assert not ticker._clock.is_doubtful, "though nothing is due"
        assert len(rows()) == 1
        with faked.begin() as connection:
            [(cursor, due)] = connection.exec_driver_sql("SELECT cursor_at, next_due_at FROM schedules").all()
        assert (cursor, due) == (START, START + timedelta(seconds=30))
