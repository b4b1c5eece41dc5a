"""Two planners at once: each schedule once, one window for both, and what one can't do keeps nothing of the other's."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from scheduling import planners as planning
from scheduling.plan import plan_due
from scheduling.planned import Planned
from scheduling.planners import Planners
from scheduling.steady import SteadyClock
from scheduling.tick import Ticker
from tests.models.rows import add_schedule, announce

SCHEDULES = 60


def add_schedules(connection: sa.Connection) -> None:
    """Each due once, and never again."""
    at = datetime.now(UTC) - timedelta(seconds=1)
    for number in range(SCHEDULES):
        add_schedule(connection, f"once-{number}", cursor_seconds_ago=3600, at=at)


@pytest.fixture
def planners(engine: sa.Engine) -> Iterator[Planners]:
    with engine.begin() as connection:
        announce(connection)
        add_schedules(connection)
    planners = Planners(engine, engine, SteadyClock())
    yield planners
    planners.close()


def together(monkeypatch: pytest.MonkeyPatch, *then: Callable[..., Planned]) -> None:
    """Let no planner decide before both have begun; the first to come does the first of these."""
    barrier, order = threading.Barrier(2, timeout=10), iter(then)

    def plan(*args: Any) -> Planned:
        barrier.wait()
        return next(order)(*args)

    monkeypatch.setattr(planning, "plan_due", plan)


def counted(engine: sa.Engine) -> tuple[int, int]:
    with engine.begin() as connection:
        row = connection.exec_driver_sql(
            "SELECT count(*), count(DISTINCT schedule_id) FROM runs WHERE state <> 'skipped'"
        ).one()
        return row[0], row[1]


def test_where_more_is_due_than_one_decides_two_decide_it_and_nothing_twice(
    engine: sa.Engine, planners: Planners, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert planners.plan(10, 0).planned.schedules == 10
    together(monkeypatch, *4 * [plan_due])
    planned = planners.plan(20, 0).planned
    assert (planned.schedules, planned.full) == (40, True)
    assert planners.plan(20, 0).planned.full is False
    assert counted(engine) == (SCHEDULES, SCHEDULES)


def test_both_together_lease_no_more_than_the_window(
    engine: sa.Engine, planners: Planners, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(planners.plan(10, 10).planned.leased) == 10
    together(monkeypatch, plan_due, plan_due)
    assert len(planners.plan(20, 35).planned.leased) <= 25
    with engine.begin() as connection:
        queued = connection.exec_driver_sql("SELECT count(*) FROM runs WHERE state = 'queued'").scalar_one()
    assert 10 < queued <= 35


def fail(*_: object) -> Planned:
    raise RuntimeError("can't plan")


def test_what_one_has_leased_is_published_though_the_other_fails(
    engine: sa.Engine, ticker: Ticker, monkeypatch: pytest.MonkeyPatch
) -> None:
    with engine.begin() as connection:
        add_schedules(connection)
    ticker._batch_size = 1
    ticker.tick()
    published = ticker._publishing.publisher.published  # type: ignore[attr-defined]
    together(monkeypatch, fail, plan_due)
    with pytest.raises(RuntimeError, match="can't plan"):
        ticker.tick()
    assert len(published) == 3, "one, and then of two planners that take two each the other's"
    together(monkeypatch, plan_due, fail)
    ticker._planners._is_flooded = True
    with pytest.raises(RuntimeError, match="can't plan"):
        ticker.tick()


def test_where_little_is_due_one_plans_alone(
    engine: sa.Engine, planners: Planners, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    monkeypatch.setattr(planning, "plan_due", lambda *args: asked.append(args[1]) or plan_due(*args))
    for _ in range(3):
        planners.plan(SCHEDULES + 1, 0)
    assert len(asked) == 3


def test_where_nothing_is_expected_to_be_due_a_look_comes_first(
    engine: sa.Engine, planners: Planners, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    monkeypatch.setattr(planning, "plan_due", lambda *args: asked.append(args[1]) or plan_due(*args))
    assert planners.plan(SCHEDULES + 1, 0, is_expected=False).planned.schedules == SCHEDULES
    round_ = planners.plan(SCHEDULES + 1, 0, is_expected=False)
    assert len(asked) == 1
    assert (round_.planned.schedules, round_.failure) == (0, None)
    assert round_.planned.now is not None


def test_a_look_hears_of_a_clock_that_has_jumped_and_of_a_database_that_is_away(
    engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SteadyClock()
    planners = Planners(engine, engine, clock)
    assert planners.plan(10, 0, is_expected=False).failure is None
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    monkeypatch.setattr(planning, "is_any_due", lambda _: (False, tomorrow))
    assert planners.plan(10, 0, is_expected=False).planned.schedules == 0
    assert clock.is_doubtful
    monkeypatch.setattr(planning, "is_any_due", fail)
    assert isinstance(planners.plan(10, 0, is_expected=False).failure, RuntimeError)
    planners.close()
