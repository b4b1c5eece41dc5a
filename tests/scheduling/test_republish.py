"""Messages that vanished from a real RabbitMQ are missed."""

from collections.abc import Sequence
from types import SimpleNamespace
from uuid import UUID

import pika
import pytest
import sqlalchemy as sa

from models.lifecycle.confirming import note_confirmed
from models.lifecycle.publishing import LeasedRun
from scheduling.publish import Outgoing, Publishing
from scheduling.publishers.rabbitmq import RabbitPublisher
from tests.models.rows import add_run, announce, claim, read_run, set_run
from tests.scheduling.ticking import FakePublisher
from tests.waiting import eventually


def test_one_that_is_gone_from_a_queue_that_is_never_empty(
    engine: sa.Engine, publisher: RabbitPublisher, amqp_url: str
) -> None:
    def publish() -> UUID:
        with engine.begin() as connection:
            run = add_run(connection)
        assert publishing.publish_due(100, 1000) == 1
        publishing.note_confirmed(0)
        return run

    publishing = Publishing(engine, publisher)
    with engine.begin() as connection:
        announce(connection)
    vanished = publish()
    with pika.BlockingConnection(pika.URLParameters(amqp_url)) as broker:
        channel = broker.channel()
        assert channel.basic_get("default", auto_ack=True)[0] is not None
        with engine.begin() as connection:
            set_run(connection, vanished, "queued_at = now() - interval '1 min'")
        later, _waiting = publish(), publish()
        assert publishing.republish_vanished(10, 100) == 0
        with engine.begin() as connection:
            claim(connection, later)
        assert publishing.republish_vanished(10, 100) == 1
        assert publishing.republish_vanished(10, 100) == 0
        messages = [channel.basic_get("default", auto_ack=True)[1] for _ in range(3)]
    assert messages[-1] is not None
    assert messages[-1].message_id == str(vanished)


def test_one_whose_confirm_was_never_noted_is_sent_again_though_its_queue_is_not_empty(
    engine: sa.Engine, publisher: RabbitPublisher, amqp_url: str
) -> None:
    """Its publisher has died: nobody knows whether the message has arrived."""
    with engine.begin() as connection:
        announce(connection)
        run = add_run(connection)
    assert Publishing(engine, publisher).publish_due(100, 1000) == 1
    other = Publishing(engine, publisher)
    assert other.republish_vanished(10, 100) == 0
    with engine.begin() as connection:
        set_run(connection, run, "lease_until = now() - interval '1 s', queued_at = now() - interval '11 s'")
    assert other.republish_vanished(10, 100) == 1
    other.note_confirmed(0)
    assert other.republish_vanished(10, 100) == 0
    with pika.BlockingConnection(pika.URLParameters(amqp_url)) as broker:
        properties = [broker.channel().basic_get("default", auto_ack=True)[1] for _ in range(2)]
    assert [each and each.message_id for each in properties] == [str(run)] * 2


def test_confirms_are_noted_together_a_moment_later(engine: sa.Engine, publisher: RabbitPublisher) -> None:
    publishing = Publishing(engine, publisher)
    with engine.begin() as connection:
        announce(connection)
        runs = [add_run(connection) for _ in range(2)]

    def leases() -> list[bool]:
        with engine.begin() as connection:
            return [read_run(connection, run).lease_until is not None for run in runs]

    assert publishing.publish_due(100, 1000) == 2
    publishing.note_confirmed()
    assert leases() == [True, True]
    eventually(lambda: publishing.note_confirmed() or leases() == [False, False])


class Deaf(FakePublisher):
    """A broker that confirms nothing."""

    def publish(self, messages: Sequence[Outgoing]) -> set[UUID]:
        super().publish(messages)
        return set()


def test_where_the_broker_confirms_nothing_one_queue_is_enough_to_find_out(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        for queue in ("a", "b", "c"):
            set_run(connection, add_run(connection, queue=queue), "state = 'queued'")
        connection.exec_driver_sql("UPDATE runs SET queued_at = NULL")
    deaf = Deaf()
    assert Publishing(engine, deaf).republish_vanished(10, 100) == 0
    assert len(deaf.published) == 1


def test_a_confirm_that_took_long_is_noted_at_once(engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lease that it ends has run since the run was taken."""

    class Slow(FakePublisher):
        def publish(self, messages: Sequence[Outgoing]) -> set[UUID]:
            now[0] += 9
            return super().publish(messages)

    now = [0.0]
    monkeypatch.setattr("scheduling.publish.time", SimpleNamespace(monotonic=lambda: now[0]))
    with engine.begin() as connection:
        announce(connection)
        run = add_run(connection)
    assert Publishing(engine, Slow()).publish_due(100, 1000) == 1
    with engine.begin() as connection:
        assert read_run(connection, run).lease_until is None


def test_confirms_are_noted_a_part_at_a_time_and_what_fails_is_tried_again(
    engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever claims one of these runs waits for the end of a transaction."""
    parts: list[int] = []

    def note(connection: sa.Connection, runs: Sequence[LeasedRun]) -> None:
        parts.append(len(runs))
        if len(parts) == 2:
            raise sa.exc.OperationalError("away", None, Exception())
        note_confirmed(connection, runs)

    monkeypatch.setattr("scheduling.publish.NOTED_AT_ONCE", 2)
    monkeypatch.setattr("scheduling.publish.note_confirmed", note)
    with engine.begin() as connection:
        announce(connection)
        runs = [add_run(connection) for _ in range(5)]
    publishing = Publishing(engine, FakePublisher())
    assert publishing.publish_due(100, 1000) == 5
    with pytest.raises(sa.exc.OperationalError):
        publishing.note_confirmed(0)
    publishing.note_confirmed(0)
    assert parts == [2, 2, 2, 1]
    with engine.begin() as connection:
        assert [read_run(connection, run).lease_until for run in runs] == [None] * 5
