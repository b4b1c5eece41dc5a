"""The relay: what it tells, when it tells nothing, and for whom it makes way."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
import sqlalchemy as sa

from config.settings import Settings
from models.events.telling import choose_states, tell
from scheduling import relay as relaying
from scheduling.publishers.exchange import Telling
from scheduling.relay import LOOK_SECONDS, OTHER_SECONDS, RETRY_SECONDS, Relay
from tests.models.rows import add_run, announce, claim, set_run, sqlalchemy_url

STATES = ("planned", "running", "succeeded")


def settings(amqp: str = "amqp://x") -> Settings:
    return Settings(database={"url": "postgresql://x"}, amqp={"url": amqp}, events={"states": STATES})


class Exchange:
    """The edge of the process."""

    def __init__(self) -> None:
        self.told: list[Telling] = []
        self.is_there = self.takes = True

    def is_ready(self) -> bool:
        return self.is_there

    def send(self, tellings: Sequence[Telling]) -> bool:
        self.told += tellings
        return self.takes

    def events(self) -> list[str]:
        return [telling.routing_key for telling in self.told]


@pytest.fixture
def engine(database_url: str) -> Iterator[sa.Engine]:
    engine = sa.create_engine(sqlalchemy_url(database_url))
    with engine.begin() as connection:
        choose_states(connection, STATES)
        announce(connection)
    yield engine
    engine.dispose()


@pytest.fixture
def exchange() -> Exchange:
    return Exchange()


@pytest.fixture
def relay(engine: sa.Engine, exchange: Exchange) -> Relay:
    return Relay(engine, settings(), exchange)


def run_once(engine: sa.Engine, late_seconds: float = 0, ago_seconds: float = 0) -> None:
    """A run that was due, began so late, and has ended; it was noted so long ago."""
    with engine.begin() as connection:
        run = add_run(connection)
        [claimed] = claim(connection, run)
        set_run(connection, run, f"started_at = due_at + make_interval(secs => {late_seconds}), state = 'succeeded'")
        tell(connection, [Ended(claimed)])
        connection.exec_driver_sql(f"UPDATE events SET at = at - make_interval(secs => {ago_seconds})")


class Ended:
    """As `models.events.telling.Moved`."""

    def __init__(self, claimed: Any) -> None:
        self.id, self.attempt, self.state = claimed.id, 1, "succeeded"


def test_what_has_happened_is_told_in_order_and_once(engine: sa.Engine, relay: Relay, exchange: Exchange) -> None:
    assert relay.relay() == LOOK_SECONDS
    run_once(engine)
    assert relay.relay() == LOOK_SECONDS
    assert exchange.events() == ["run.planned.work", "run.running.work", "run.succeeded.work"]
    assert json.loads(exchange.told[2].body)["id"] == exchange.told[2].id
    relay.relay()
    assert len(exchange.told) == 3


def test_an_exchange_that_is_away_is_told_later(engine: sa.Engine, relay: Relay, exchange: Exchange) -> None:
    run_once(engine)
    exchange.is_there = False
    assert relay.relay() == RETRY_SECONDS
    assert exchange.told == []
    exchange.is_there = True
    relay.relay()
    assert len(exchange.told) == 3


def test_what_is_told_to_nobody_waits_for_no_exchange(engine: sa.Engine, relay: Relay, exchange: Exchange) -> None:
    run_once(engine)
    exchange.is_there = False
    with engine.begin() as connection:
        choose_states(connection, [])
    assert relay.relay() == LOOK_SECONDS
    assert exchange.told == []
    with engine.begin() as connection:
        assert connection.exec_driver_sql("SELECT sent FROM event_relay").scalar_one() == 3, "none of it is lost later"


def test_what_was_not_confirmed_is_told_again(engine: sa.Engine, relay: Relay, exchange: Exchange) -> None:
    run_once(engine)
    exchange.takes = False
    assert relay.relay() == RETRY_SECONDS
    exchange.takes = True
    relay.relay()
    assert exchange.told[:3] == exchange.told[3:]


def test_another_does_not_relay(engine: sa.Engine, relay: Relay, exchange: Exchange) -> None:
    relay.relay()
    other = Relay(engine, settings(), exchange)
    run_once(engine)
    assert other.relay() == OTHER_SECONDS
    assert exchange.told == []


@pytest.mark.parametrize(("late", "ago", "rests"), [(0, 0, False), (30, 0, True), (30, 120, False)])
def test_it_rests_while_runs_wait_for_workers_but_not_for_long(
    engine: sa.Engine,
    relay: Relay,
    exchange: Exchange,
    monkeypatch: pytest.MonkeyPatch,
    late: float,
    ago: float,
    rests: bool,
) -> None:
    monkeypatch.setattr(relaying, "REST", 10_000)
    run_once(engine, late, ago)
    relay.relay()
    told = len(exchange.told)
    run_once(engine, late, ago)
    relay.relay()
    assert (len(exchange.told) == told) == rests
    with engine.begin() as connection:
        assert connection.exec_driver_sql("SELECT numbered FROM event_relay").scalar_one() == 6, "readers wait for none"


def test_a_change_that_nobody_can_read_is_in_the_way_of_no_other(
    engine: sa.Engine, relay: Relay, exchange: Exchange
) -> None:
    run_once(engine)
    with engine.begin() as connection:
        broken = """UPDATE runs SET attempts = '[{"number": 1, "started_at": "never"}]'"""
        connection.exec_driver_sql(broken)
    assert relay.relay() == LOOK_SECONDS
    assert "run.succeeded.work" in exchange.events()
    assert "run.running.work" not in exchange.events()


def test_without_an_exchange_events_are_for_readers(engine: sa.Engine) -> None:
    local = Relay(engine, settings("local://"), None)
    run_once(engine)
    assert local.relay() == LOOK_SECONDS
    with engine.begin() as connection:
        numbered, sent = connection.exec_driver_sql("SELECT numbered, sent FROM event_relay").one()
    assert numbered == sent == 3
