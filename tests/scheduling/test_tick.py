"""The tick: one round, and how long to wait until the next one."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import wait
from uuid import UUID

import pytest
import sqlalchemy as sa

from scheduling.plan import plan_due
from scheduling.publish import Outgoing
from scheduling.tick import FRESH_SECONDS, REFILL_SECONDS, SHORTEST_WAIT_SECONDS, Ticker
from tests.models.rows import add_run, add_schedule, set_run
from tests.scheduling.ticking import POLL, FakePublisher
from tests.waiting import eventually


def test_with_nothing_to_come_it_polls(ticker: Ticker) -> None:
    assert ticker.tick() == POLL


def test_it_waits_for_what_is_due_next(engine: sa.Engine, ticker: Ticker) -> None:
    with engine.begin() as connection:
        add_run(connection, due_seconds=0.4)
    assert 0 < ticker.tick() <= 0.4


@pytest.mark.parametrize("add", [add_run, add_schedule])
def test_what_has_become_due_during_a_round_is_not_kept_waiting(
    engine: sa.Engine, ticker: Ticker, monkeypatch: pytest.MonkeyPatch, add: Callable[[sa.Connection], UUID]
) -> None:
    def add_one(*_: object) -> int:
        with engine.begin() as connection:
            add(connection)
        return 0

    monkeypatch.setattr(ticker, "_publish", add_one)
    assert ticker.tick() == 0


def test_a_slow_way_to_the_database_hides_nothing_that_has_become_due(
    engine: sa.Engine, ticker: Ticker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def add_one(*_: object) -> int:
        with engine.begin() as connection:
            add_run(connection)
        sa.event.listen(engine, "before_cursor_execute", lambda *_: time.sleep(0.2))
        return 0

    ticker.tick()
    monkeypatch.setattr(ticker, "_publish", add_one)
    assert ticker.tick() == 0


def test_what_is_in_the_hands_of_another_planner_is_no_reason_to_spin(engine: sa.Engine, ticker: Ticker) -> None:
    with engine.begin() as connection:
        add_schedule(connection, every_seconds=3600)
    with engine.begin() as connection:
        assert plan_due(connection, 1).schedules == 1
        waits = [ticker.tick() for _ in range(10)]
    assert waits[:8] == [SHORTEST_WAIT_SECONDS * 2**n for n in range(8)]
    assert waits[8:] == [POLL, POLL]


def test_others_are_planned_on_time_while_somebody_has_locked_a_schedule(engine: sa.Engine, ticker: Ticker) -> None:
    with engine.begin() as connection:
        add_schedule(connection, "locked", every_seconds=3600)
    with engine.begin() as locker:
        locker.exec_driver_sql("SELECT FROM schedules FOR UPDATE")
        eventually(lambda: ticker.tick() == POLL)
        with engine.begin() as connection:
            add_schedule(connection, "other", every_seconds=1)
            connection.exec_driver_sql(
                "UPDATE schedules SET cursor_at = now(), next_due_at = now() + interval '0.5 s' WHERE name = 'other'"
            )
        assert ticker.tick() < POLL


def test_with_a_full_window_it_looks_again_soon_and_fills_it_up(engine: sa.Engine, ticker: Ticker) -> None:
    with engine.begin() as connection:
        for _ in range(15):
            add_run(connection)
    assert ticker.tick() == REFILL_SECONDS
    assert len(ticker._publishing.publisher.published) == 10  # type: ignore[attr-defined]
    assert ticker.tick() == POLL
    with engine.begin() as connection:
        for run in ticker._publishing.publisher.published:  # type: ignore[attr-defined]
            set_run(connection, run, "state = 'succeeded', finished_at = now()")
    assert ticker.tick() == REFILL_SECONDS
    assert len(ticker._publishing.publisher.published) == 15  # type: ignore[attr-defined]


def test_many_that_are_due_at_once_are_planned_in_growing_goes(engine: sa.Engine, ticker: Ticker) -> None:
    with engine.begin() as connection:
        for number in range(45):
            add_schedule(connection, f"tick-{number}", cursor_seconds_ago=1.5, every_seconds=1)
    planned = "SELECT count(DISTINCT schedule_id) FROM runs"
    ticker._batch_size = 10
    counts = []
    for _ in range(3):
        ticker.tick()
        with engine.begin() as connection:
            counts.append(connection.exec_driver_sql(planned).scalar_one())
    assert counts == [10, 45, 45], "two at once, from the second go on"
    assert len(ticker._publishing.publisher.published) == 10  # type: ignore[attr-defined]


def test_what_is_planned_is_published_beside_the_planning_of_the_rest(engine: sa.Engine, ticker: Ticker) -> None:
    with engine.begin() as connection:
        for number in range(25):
            add_schedule(connection, f"tick-{number}", cursor_seconds_ago=1.5, every_seconds=1)
    blocked = threading.Event()
    publish = ticker._publishing.publisher.publish

    def publish_when_told(messages: Sequence[Outgoing]) -> set[UUID]:
        assert blocked.wait(10)
        return publish(messages)

    ticker._publishing.publisher.publish = publish_when_told  # type: ignore[method-assign]
    ticker._batch_size = 5
    assert ticker.tick() == 0
    with engine.begin() as connection:
        assert connection.exec_driver_sql("SELECT count(DISTINCT schedule_id) FROM runs").scalar_one() == 5
    blocked.set()
    ticker.close()
    assert len(ticker._publishing.publisher.published) == 5  # type: ignore[attr-defined]


def test_what_one_round_has_leased_takes_room_from_what_is_published_beside_it(
    engine: sa.Engine, ticker: Ticker, monkeypatch: pytest.MonkeyPatch
) -> None:
    with engine.begin() as connection:
        for number in range(25):
            columns = {"cursor_seconds_ago": 1.5, "every_seconds": 1, "priority": number % 10}
            add_schedule(connection, f"tick-{number}", **columns)
    planned_again = threading.Event()
    publish, settle = ticker._publishing.publisher.publish, ticker._settle

    def publish_when_told(messages: Sequence[Outgoing]) -> set[UUID]:
        assert planned_again.wait(10)
        return publish(messages)

    def settle_then() -> int:
        if ticker._publication is not None:
            planned_again.set()
        return settle()

    monkeypatch.setattr(ticker._publishing.publisher, "publish", publish_when_told)
    monkeypatch.setattr(ticker, "_settle", settle_then)
    ticker._batch_size = 5
    ticker.tick()
    ticker.tick()
    settle()
    assert len(ticker._publishing.publisher.published) == 10  # type: ignore[attr-defined]


def test_what_was_leased_long_ago_is_left_to_whoever_takes_it_next(engine: sa.Engine, ticker: Ticker) -> None:
    """Its lease may run out on the way, and then others decide without it."""
    with engine.begin() as connection:
        add_schedule(connection, cursor_seconds_ago=1.5, every_seconds=1)
        leased = plan_due(connection, 1, 10).leased
    assert ticker._publish(leased, time.monotonic() - FRESH_SECONDS) == 0
    assert ticker._publish(leased, time.monotonic()) == 1


def test_publishing_that_fails_beside_a_round_fails_the_next_and_planning_goes_on(
    engine: sa.Engine, ticker: Ticker
) -> None:
    with engine.begin() as connection:
        for number in range(25):
            add_schedule(connection, f"tick-{number}", cursor_seconds_ago=1.5, every_seconds=1)
    ticker._batch_size = 5
    fine = ticker._publishing.publisher

    class Broken(FakePublisher):
        def publish(self, messages: Sequence[Outgoing]) -> set[UUID]:
            raise ConnectionError

    ticker._publishing.publisher = Broken()
    assert ticker.tick() == 0
    wait([ticker._publication])  # type: ignore[list-item]
    ticker._publishing.publisher = fine
    with pytest.raises(ConnectionError):
        ticker.tick()
    ticker._settle()
    assert len(fine.published) == 5, "what this round has leased goes"  # type: ignore[attr-defined]
    ticker.tick()
    with engine.begin() as connection:
        assert connection.exec_driver_sql("SELECT count(DISTINCT schedule_id) FROM runs").scalar_one() == 25
