"""The log of events: who relays it, in which order readers see it, and what is dropped."""

from typing import NamedTuple
from uuid import UUID, uuid4

import sqlalchemy as sa

from models.events.reading import read_changes
from models.events.relaying import LEASE_SECONDS, be_relay, forget_events, note_sent, number_events
from models.events.telling import choose_states, tell
from models.words.states import State
from tests.models.rows import add_run, announce, claim

ONE, OTHER = uuid4(), uuid4()
ALL = tuple(state.value for state in State)


class Ended(NamedTuple):
    id: UUID
    attempt: int = 1
    state: str = State.SUCCEEDED


def expire(connection: sa.Connection) -> None:
    connection.exec_driver_sql("UPDATE event_relay SET lease_until = now() - interval '1 second'")


def numbered(connection: sa.Connection, relay: UUID = ONE, limit: int = 100) -> int:
    """The newest position, once what there is has been numbered."""
    assert be_relay(connection, relay) is not None
    progress = number_events(connection, relay, limit)
    assert progress is not None
    return progress.numbered


def kinds(connection: sa.Connection, after: int = 0) -> list[str]:
    return [change.kind for change in read_changes(connection, after, 100)]


def xids(connection: sa.Connection) -> str:
    """Of the row of the relay, and whether this transaction has one of its own."""
    statement = "SELECT concat(xmin::text, pg_current_xact_id_if_assigned()) FROM event_relay"
    return str(connection.exec_driver_sql(statement).scalar_one())


def test_one_relays_until_its_lease_is_over(connection: sa.Connection) -> None:
    assert be_relay(connection, ONE) is not None
    assert be_relay(connection, OTHER) is None
    assert be_relay(connection, ONE) is not None
    expire(connection)
    assert be_relay(connection, OTHER) is not None
    assert number_events(connection, ONE, 100) is None, "it was frozen, and another relays by now"


def test_who_was_taken_over_notes_nothing_more(connection: sa.Connection) -> None:
    choose_states(connection, ALL)
    add_run(connection)
    assert numbered(connection) == 1
    expire(connection)
    assert be_relay(connection, OTHER) is not None
    note_sent(connection, ONE, 1)
    progress = be_relay(connection, OTHER)
    assert progress is not None
    assert progress.sent == 0


def test_a_clock_that_was_set_back_keeps_nobody_out(connection: sa.Connection) -> None:
    be_relay(connection, ONE)
    far = f"UPDATE event_relay SET lease_until = now() + make_interval(secs => {3 * LEASE_SECONDS})"
    connection.exec_driver_sql(far)
    assert be_relay(connection, OTHER) is not None


def test_a_look_that_finds_nothing_writes_nothing(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        numbered(connection)
    with engine.begin() as connection:
        before = xids(connection)
        numbered(connection)
        assert xids(connection) == before


def test_what_becomes_visible_later_comes_later(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        choose_states(connection, ALL)
    with engine.begin() as slow:
        first = add_run(slow)
        with engine.begin() as connection:
            second = add_run(connection)
        with engine.begin() as connection:
            assert numbered(connection) == 1
    with engine.begin() as connection:
        assert numbered(connection) == 2
        assert [change.run for change in read_changes(connection, 0, 100)] == [second, first]


def test_states_that_nobody_asked_for_are_not_noted(connection: sa.Connection) -> None:
    announce(connection)
    add_run(connection)
    numbered(connection)
    assert kinds(connection) == [], "none is told of at first"
    choose_states(connection, ["running"])
    assert claim(connection, add_run(connection))
    numbered(connection)
    assert kinds(connection) == ["run.running"]
    choose_states(connection, [])
    assert claim(connection, add_run(connection))
    assert numbered(connection) == 1


def test_groups_are_read_whole_and_in_order(connection: sa.Connection) -> None:
    choose_states(connection, ALL)
    runs = [add_run(connection) for _ in range(3)]
    tell(connection, [Ended(run) for run in runs])
    numbered(connection, limit=2)
    numbered(connection)
    changes = read_changes(connection, 3, 1)
    assert [(change.position, change.place, change.kind) for change in changes] == [
        (4, place, "run.succeeded") for place in (1, 2, 3)
    ]
    assert {change.run for change in changes} == set(runs)


def test_what_is_old_is_dropped_and_what_nobody_was_told_of_is_counted(connection: sa.Connection) -> None:
    choose_states(connection, ALL)
    for _ in range(3):
        add_run(connection)
    numbered(connection)
    note_sent(connection, ONE, 1)
    assert forget_events(connection, 3600, 100) == (0, 0)
    connection.exec_driver_sql("UPDATE events SET at = now() - interval '2 hours' WHERE position < 3")
    assert forget_events(connection, 3600, 100) == (2, 1)
    progress = be_relay(connection, ONE)
    assert progress is not None
    assert (progress.numbered, progress.sent) == (3, 2), "what is gone is not waited for"
    assert connection.exec_driver_sql("SELECT dropped FROM event_relay").scalar_one() == 1
    assert kinds(connection) == ["run.planned"]


def test_what_is_not_numbered_yet_is_never_dropped(connection: sa.Connection) -> None:
    choose_states(connection, ALL)
    add_run(connection)
    connection.exec_driver_sql("UPDATE events SET at = now() - interval '2 hours'")
    assert forget_events(connection, 3600, 100) == (0, 0)
