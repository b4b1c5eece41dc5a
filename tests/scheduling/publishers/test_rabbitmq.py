"""The publisher against a real RabbitMQ: confirms, missing queues, queues of others, lost connections."""

import random
from collections.abc import Iterator
from urllib.parse import urlsplit
from uuid import uuid4

import pika
import pytest
from pydantic import SecretStr

from config.sections import Amqp
from scheduling.publish import Outgoing
from scheduling.publishers.rabbitmq import CONFIRM_SECONDS, RabbitPublisher
from tests.chaos.proxy import Proxy
from tests.servers.places import free_port
from tests.servers.rabbitmq import RabbitNode
from tests.waiting import eventually


def started(url: str, **settings: str) -> RabbitPublisher:
    publisher = RabbitPublisher(Amqp(url=SecretStr(url), **settings))  # type: ignore[arg-type]
    publisher.start()
    eventually(publisher.is_ready)
    return publisher


@pytest.fixture
def publisher(amqp_url: str) -> Iterator[RabbitPublisher]:
    running = started(amqp_url)
    yield running
    running.close()


@pytest.fixture
def channel(amqp_url: str) -> Iterator[pika.adapters.blocking_connection.BlockingChannel]:
    with pika.BlockingConnection(pika.URLParameters(amqp_url)) as connection:
        yield connection.channel()


def messages(count: int, queue: str = "work", runs: int = 1) -> list[Outgoing]:
    return [Outgoing(tuple(uuid4() for _ in range(runs)), queue, b"{}") for _ in range(count)]


def test_what_is_confirmed_is_in_the_queue_which_is_made_if_it_is_missing(
    publisher: RabbitPublisher, channel: pika.adapters.blocking_connection.BlockingChannel
) -> None:
    batch = messages(2500)
    assert publisher.publish(batch) == {run for message in batch for run in message.runs}
    assert publisher.count_messages("work") == 2500
    _, properties, _ = channel.basic_get("work", auto_ack=True)
    assert properties is not None
    assert (properties.message_id, properties.delivery_mode) == (str(batch[0].runs[0]), 2)


def test_messages_for_several_queues_go_in_one_batch(publisher: RabbitPublisher) -> None:
    batch = messages(3, "one") + messages(4, "two")
    assert len(publisher.publish(batch)) == 7
    assert (publisher.count_messages("one"), publisher.count_messages("two")) == (3, 4)


def test_a_message_whose_queue_was_deleted_is_not_confirmed_and_the_next_batch_makes_it_again(
    publisher: RabbitPublisher, channel: pika.adapters.blocking_connection.BlockingChannel
) -> None:
    publisher.publish(messages(1))
    channel.queue_delete("work")
    assert publisher.publish(messages(2)) == set()
    assert len(publisher.publish(messages(2))) == 2


def test_a_queue_that_others_declared_differently_is_published_to_all_the_same(
    publisher: RabbitPublisher, channel: pika.adapters.blocking_connection.BlockingChannel
) -> None:
    channel.queue_declare("work", durable=False)
    publisher.publish(messages(1))
    eventually(publisher.is_ready)
    assert len(publisher.publish(messages(3))) == 3
    assert publisher.count_messages("work") is None
    assert len(publisher.publish(messages(3, "other"))) == 3


def test_a_queue_that_was_refused_is_tried_again_after_a_while(
    publisher: RabbitPublisher,
    channel: pika.adapters.blocking_connection.BlockingChannel,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    channel.queue_declare("work", durable=False)
    assert publisher.count_messages("work") is None
    channel.queue_delete("work")
    eventually(publisher.is_ready)
    assert publisher.count_messages("work") is None
    monkeypatch.setattr("scheduling.publishers.rabbitmq.FOREIGN_SECONDS", 0)
    assert publisher.count_messages("work") == 0
    assert len(publisher.publish(messages(2))) == 2
    assert publisher.count_messages("work") == 2


def test_a_prefix_is_put_before_the_names_at_the_broker(
    amqp_url: str, channel: pika.adapters.blocking_connection.BlockingChannel
) -> None:
    publisher = started(amqp_url, queue_prefix="mine.")
    publisher.publish(messages(2))
    publisher.close()
    assert channel.queue_declare("mine.work", passive=True).method.message_count == 2


def test_a_queue_that_was_refused_is_tried_again_on_a_new_connection(own_rabbitmq: RabbitNode) -> None:
    publisher = started(own_rabbitmq.url)
    with pika.BlockingConnection(pika.URLParameters(own_rabbitmq.url)) as connection:
        connection.channel().queue_declare("work", durable=False)
    assert publisher.count_messages("work") is None
    own_rabbitmq.kill()
    eventually(lambda: not publisher.is_ready())
    own_rabbitmq.start()
    eventually(publisher.is_ready, 30)
    assert publisher.count_messages("work") == 0
    publisher.close()


def test_of_the_nodes_of_a_cluster_one_that_answers_is_found(amqp_url: str) -> None:
    gone = f"amqp://127.0.0.1:{free_port()}"
    publisher = started(f"{gone};{amqp_url};{gone}")
    assert len(publisher.publish(messages(1))) == 1
    publisher.close()


def test_a_node_that_hangs_is_left_for_another(amqp_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random, "sample", lambda addresses, _count: addresses)
    port = urlsplit(amqp_url).port
    assert port is not None
    with Proxy(port) as first, Proxy(port) as second:
        publisher = started(";".join(amqp_url.replace(f":{port}/", f":{each.port}/") for each in (first, second)))
        assert len(publisher.publish(messages(1))) == 1
        first.hold()
        assert publisher.publish(messages(1)) == set()
        eventually(lambda: publisher.publish(messages(1)), 2 * CONFIRM_SECONDS)
        publisher.close()


def test_while_the_broker_is_away_nothing_is_confirmed_and_afterwards_all_is(own_rabbitmq: RabbitNode) -> None:
    publisher = started(own_rabbitmq.url)
    assert len(publisher.publish(messages(1))) == 1
    own_rabbitmq.kill()
    eventually(lambda: not publisher.is_ready())
    assert publisher.publish(messages(1)) == set()
    assert publisher.count_messages("work") is None
    own_rabbitmq.start()
    eventually(publisher.is_ready, 30)
    assert len(publisher.publish(messages(1))) == 1
    publisher.close()
