"""Upkeep: once a second beside the rounds, whatever those do."""

from datetime import datetime

import pytest
import sqlalchemy as sa

from config.sections import Scheduling
from config.settings import Settings
from scheduling.tick import Ticker
from tests.scheduling.ticking import FakePublisher
from tests.waiting import eventually


def test_upkeep_is_done_each_second_however_far_apart_the_rounds_are(engine: sa.Engine) -> None:
    ticker = Ticker(engine, FakePublisher(), Settings(scheduling=Scheduling(poll_seconds=60)))

    reports: set[datetime] = set()

    def count_reports() -> int:
        with engine.begin() as connection:
            reports.update(connection.exec_driver_sql("SELECT ticked_at FROM schedulers").scalars())
        return len(reports)

    assert ticker.tick() == 60
    eventually(lambda: count_reports() >= 3)
    ticker.close()


def test_a_round_that_hangs_is_no_sign_of_life(
    engine: sa.Engine, ticker: Ticker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scheduling.tick.UPKEEP_SECONDS", 0.05)
    monkeypatch.setattr("scheduling.tick.GAP_SECONDS", 0.0)
    told: list[bool] = []
    monkeypatch.setattr(ticker._upkeep, "run", lambda *, reports: told.append(reports))
    monkeypatch.setattr(ticker, "_publish", lambda *_: eventually(lambda: False in told) and 0)
    ticker.tick()
    eventually(lambda: told[-1])
