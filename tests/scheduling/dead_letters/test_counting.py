"""How many dead letters there are, by a real RabbitMQ, and what is noted of it."""

from collections.abc import Iterator

import pika
import pytest
import sqlalchemy as sa
from pika.adapters.blocking_connection import BlockingChannel
from pydantic import SecretStr

from config.sections import Amqp
from models.dead_letters import get_dead_letters
from scheduling.dead_letters import rabbitmq
from scheduling.dead_letters.counting import Counting
from scheduling.dead_letters.local import LocalCounter
from scheduling.dead_letters.rabbitmq import RabbitCounter
from tests.models.rows import announce
from tests.servers.rabbitmq import RabbitNode
from tests.waiting import eventually


@pytest.fixture
def channel(amqp_url: str) -> Iterator[BlockingChannel]:
    with pika.BlockingConnection(pika.URLParameters(amqp_url)) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        yield channel


@pytest.fixture
def counter(amqp_url: str) -> Iterator[RabbitCounter]:
    counter = RabbitCounter(Amqp(url=SecretStr(amqp_url)))
    counter.start()
    yield counter
    counter.close()


def lay_aside(channel: BlockingChannel, queue: str, letters: int) -> None:
    channel.queue_declare(f"{queue}.XQ", durable=True)
    for _ in range(letters):
        channel.basic_publish("", f"{queue}.XQ", b"no message", mandatory=True)


def test_queues_are_counted_also_after_those_that_are_not_there(
    counter: RabbitCounter, channel: BlockingChannel
) -> None:
    lay_aside(channel, "mail", 3)
    lay_aside(channel, "reports", 0)
    queues = ("gone", "mail", "gone too", "reports", "mail")
    assert [counter.count(queue) for queue in queues] == [0, 3, 0, 0, 3]


def test_a_prefix_is_put_before_the_names_at_the_broker(amqp_url: str, channel: BlockingChannel) -> None:
    lay_aside(channel, "mine.mail", 2)
    counter = RabbitCounter(Amqp(url=SecretStr(amqp_url), queue_prefix="mine."))
    counter.start()
    assert counter.count("mail") == 2
    counter.close()


def test_while_the_broker_is_away_nothing_is_said_and_afterwards_all_is(
    own_rabbitmq: RabbitNode, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rabbitmq, "CHANNEL_SECONDS", 0.2)
    with engine.begin() as connection:
        announce(connection, "send", queue="mail")
    counter = RabbitCounter(Amqp(url=SecretStr(own_rabbitmq.url)))
    counting = Counting(engine, counter)
    counter.start()
    assert eventually(lambda: counter.count("mail") == 0, ignoring=ConnectionError)
    own_rabbitmq.kill()

    def is_away() -> bool:
        try:
            counter.count("mail")
        except ConnectionError:
            return True
        return False

    eventually(is_away)
    counting.look()
    with engine.begin() as connection:
        assert get_dead_letters(connection, "mail") is None
    own_rabbitmq.start()
    eventually(lambda: counter.count("mail") == 0, 30, ignoring=ConnectionError)
    counter.close()


def test_what_is_counted_is_noted_for_people(engine: sa.Engine, amqp_url: str, channel: BlockingChannel) -> None:
    lay_aside(channel, "mail", 3)
    with engine.begin() as connection:
        announce(connection, "send", queue="mail")
        announce(connection, "sum_up", queue="reports")
    counting = Counting(engine, RabbitCounter(Amqp(url=SecretStr(amqp_url))))
    counting.start()

    def noted() -> list[int]:
        with engine.begin() as connection:
            rows = [get_dead_letters(connection, queue) for queue in ("mail", "reports")]
        return [row.letters for row in rows if row is not None and row.counted_at is not None]

    assert eventually(noted) == [3, 0]
    counting.close()


def test_those_of_one_process_are_counted() -> None:
    counter = LocalCounter({"mail.XQ": [b"no message"]})
    assert (counter.count("mail"), counter.count("reports")) == (1, 0)
