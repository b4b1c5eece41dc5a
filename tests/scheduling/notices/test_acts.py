"""The notifier: what happens to schedules and to scheduling, and who does the telling."""

import threading
from typing import Any

import pytest
import sqlalchemy as sa

from config.sections import Events
from config.settings import Settings
from models.announcing import note_scheduling_gap, report_tick
from models.definition import Definition
from models.events.telling import tell_gap
from models.lifecycle.planning import quarantine_schedule
from models.notices.definition import ChannelDefinition
from models.notices.deliveries import list_deliveries
from models.schedules import lock_schedule
from models.words.states import State
from scheduling.commands.channels import edit
from scheduling.commands.edit import lock, replace
from scheduling.commands.pause import pause
from scheduling.notices import notifier
from scheduling.relay import LOOK_SECONDS, Relay
from tests.models.rows import WORKER, add_schedule
from tests.scheduling.notices.happening import BY, Notices, kinds, put, run
from tests.waiting import eventually

URL = "https://example.com/x"


def test_a_schedule_that_callsheet_pauses_is_told_of(engine: sa.Engine, notices: Notices) -> None:
    put(engine, events=["auto_paused"])
    with engine.begin() as connection:
        schedule = add_schedule(connection, pause_after_failures=2)
        by_hand = add_schedule(connection, "by-hand")
        for _ in range(2):
            run(connection, schedule_id=schedule)
        row = lock_schedule(connection, "by-hand")
        assert row is not None
        assert row.id == by_hand
        pause(connection, row, until=None, reason="a holiday", by=BY)
    (notice,) = notices()
    assert (notice["kind"], notice["schedule"], notice["actor"]) == ("auto_paused", "tick", "work")
    assert (notice["reason"], notice["streak"]) == ("2 failures in a row", 2)


def test_a_schedule_that_is_set_aside_is_told_of(engine: sa.Engine, notices: Notices) -> None:
    put(engine)
    with engine.begin() as connection:
        quarantine_schedule(connection, add_schedule(connection), "its zone is unknown")
    (notice,) = notices()
    assert (notice["kind"], notice["schedule"], notice["reason"]) == ("quarantined", "tick", "its zone is unknown")
    with engine.begin() as connection:
        replace(connection, lock(connection, "tick"), Definition(actor="work", every_seconds=60), BY)
    (notice,) = notices()
    assert (notice["kind"], notice["schedule"], notice["reason"]) == ("recovered", "tick", "quarantined")


def test_scheduling_that_stood_still_is_told_of_once_it_goes_on(engine: sa.Engine, notices: Notices) -> None:
    with engine.begin() as connection:
        report_tick(connection, {"id": WORKER, "host": "h", "pid": 1, "reaches_broker": True})
        connection.exec_driver_sql("UPDATE schedulers SET ticked_at = now() - interval '90 s'")
    put(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE channels SET created_at = now() - interval '1 h'")
        assert note_scheduling_gap(connection, 10)
        tell_gap(connection)
    (notice,) = notices()
    assert (notice["kind"], notice["schedule"]) == ("stalled", None)
    assert 89 < notice["duration_seconds"] < 120


def test_nobody_is_told_of_the_runs_that_tell(engine: sa.Engine, notices: Notices) -> None:
    put(engine)
    with engine.begin() as connection:
        run(connection, actor="notify", queue="default")
        run(connection, actor="notify", schedule_id=add_schedule(connection, "mine", actor="notify"))
    assert notices() == []


def test_a_channel_is_told_of_nothing_that_was_before_it(engine: sa.Engine, relay: Relay, notices: Notices) -> None:
    put(engine, "first")
    with engine.begin() as connection:
        schedule = add_schedule(connection)
        run(connection, schedule_id=schedule)
    put(engine, "second")
    with engine.begin() as connection:
        run(connection, schedule_id=schedule)
    assert sorted(each["channel"] for each in notices()) == ["first", "first", "second"]


def test_many_processes_tell_each_once(engine: sa.Engine, notices: Notices) -> None:
    put(engine)
    relays = [Relay(engine, Settings(), None) for _ in range(3)]
    with engine.begin() as connection:
        for _ in range(5):
            run(connection, schedule_id=add_schedule(connection, f"s{_}"))
    for each in relays:
        each.relay()
    assert kinds(notices()) == ["failed"] * 5


def test_a_process_that_dies_before_it_commits_has_told_nothing(
    engine: sa.Engine, relay: Relay, notices: Notices, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(engine)
    with engine.begin() as connection:
        run(connection, schedule_id=add_schedule(connection))

    def die(*_args: Any) -> None:
        raise OSError

    with monkeypatch.context() as patched:
        patched.setattr(notifier, "move_place", die)
        relay.relay()
    monkeypatch.setattr(notifier, "RETRY_SECONDS", 0.0)
    assert kinds(notices()) == ["failed"]


class Exchange:
    """Takes what it is sent."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    def is_ready(self) -> bool:
        return True

    def send(self, tellings: Any) -> bool:
        self.sent += [each.routing_key for each in tellings]
        return True


def noted(engine: sa.Engine) -> dict[str, tuple[bool, bool]]:
    """The states that are noted: whether others are told of them, and whether channels need them."""
    with engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT state, is_public, is_needed FROM told_states")
        return {row.state: (row.is_public, row.is_needed) for row in rows}


def relay_all(relay: Relay) -> None:
    while relay.relay() < LOOK_SECONDS:
        pass


def test_channels_are_told_where_nobody_else_is(engine: sa.Engine) -> None:
    exchange = Exchange()
    relay = Relay(engine, Settings(events=Events(enabled=False)), exchange)
    put(engine, events=["failed"])
    assert noted(engine) == {"failed": (False, True), "succeeded": (False, True)}
    with engine.begin() as connection:
        run(connection, schedule_id=add_schedule(connection))
    relay_all(relay)
    with engine.connect() as connection:
        assert len(list_deliveries(connection, "ops", 10)) == 1
    assert exchange.sent == []


def test_others_are_told_as_the_settings_say_whatever_channels_need(engine: sa.Engine) -> None:
    exchange = Exchange()
    put(engine, events=["failed"])
    relay = Relay(engine, Settings(events=Events(states=["failed", "running"])), exchange)
    relay.start()
    eventually(lambda: "running" in noted(engine))
    assert noted(engine) == {"failed": (True, True), "succeeded": (False, True), "running": (True, False)}
    with engine.begin() as connection:
        for state in (State.FAILED, State.SUCCEEDED):
            run(connection, state)
    eventually(lambda: len(exchange.sent) == 3)
    relay.close()
    assert sorted(exchange.sent) == ["run.failed.work", "run.running.work", "run.running.work"]
    with engine.begin() as connection:
        edit.delete(connection, edit.lock(connection, "ops"), BY)
    assert noted(engine) == {"failed": (True, False), "running": (True, False)}


def test_who_writes_channels_at_the_same_time_takes_no_state_from_the_other(engine: sa.Engine) -> None:
    started = threading.Event()

    def put_late() -> None:
        started.set()
        put(engine, "second", events=["late"])

    thread = threading.Thread(target=put_late)
    with engine.begin() as connection:
        edit.put(connection, "first", ChannelDefinition(kind="webhook", url=URL, events=["missed"]), BY)
        thread.start()
        assert started.wait(20)
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'channels'::regclass"
        eventually(lambda: connection.exec_driver_sql(waiting).scalar_one() == 1)
    thread.join(20)
    assert set(noted(engine)) == {"failed", "skipped", "running"}
