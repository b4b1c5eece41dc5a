"""The brokers of a worker: names and arguments at the wire, and what they lean on in Dramatiq's and pika's."""

from collections.abc import Iterator

import dramatiq
import pika
import pytest
from dramatiq import Message
from dramatiq.errors import ConnectionClosed
from pydantic import SecretStr

from actors.worker.claiming.brokers import LocalBroker, RabbitBroker
from actors.worker.claiming.deliveries import RabbitDeliveries
from actors.worker.middleware.options import Options
from config.sections import Amqp
from config.settings import load_settings, use_settings
from tests.waiting import eventually

PREFIX = "brokers-test."


@pytest.fixture
def rabbit(amqp_url: str) -> Iterator[RabbitBroker]:
    """By the settings of the process, which it has not read yet."""
    broker = RabbitBroker([Options()])
    use_settings(load_settings({"AMQP_URL": amqp_url, "CALLSHEET_AMQP__QUEUE_PREFIX": PREFIX}))
    yield broker
    broker.close()
    use_settings(None)
    with pika.BlockingConnection(pika.URLParameters(amqp_url)) as connection:
        for name in ("work", "work.DQ", "work.XQ"):
            connection.channel().queue_delete(PREFIX + name)


@pytest.fixture
def work(rabbit: RabbitBroker) -> dramatiq.Actor[[int], None]:
    @dramatiq.actor(broker=rabbit, queue_name="work")
    def work(number: int) -> None:
        pass

    return work


def delivered(rabbit: RabbitBroker, name: str) -> RabbitDeliveries:
    return RabbitDeliveries(rabbit.parameters, PREFIX + name, lambda: 10, 200)


def test_queues_are_declared_by_our_names_and_again_when_they_are_gone(
    rabbit: RabbitBroker, work: dramatiq.Actor[[int], None]
) -> None:
    work.send(1)
    deliveries = delivered(rabbit, "work")
    eventually(lambda: deliveries.wait(1))
    assert [Message.decode(body).args for body in deliveries.take(10)] == [(1,)]
    deliveries.acknowledge()
    assert not deliveries.wait(0.1)

    rabbit.channel.queue_delete(f"{PREFIX}work")
    with pytest.raises(ConnectionClosed, match="deleted"):
        eventually(lambda: deliveries.wait(1))
    deliveries.close()
    work.send(2)  # to a queue that is not there: it is declared, and the message sent again
    deliveries = delivered(rabbit, "work")
    eventually(lambda: deliveries.wait(1))
    assert [Message.decode(body).args for body in deliveries.take(10)] == [(2,)]
    deliveries.close()


def test_a_delayed_message_says_when_it_is_due(rabbit: RabbitBroker, work: dramatiq.Actor[[int], None]) -> None:
    sent = work.send_with_options(args=(1,), delay=60_000)
    deliveries = delivered(rabbit, "work.DQ")
    eventually(lambda: deliveries.wait(1))
    [message] = map(Message.decode, deliveries.take(10))
    assert message.queue_name == "work.DQ"
    assert message.options["eta"] == sent.options["eta"] == message.message_timestamp + 60_000
    deliveries.close()


def test_a_broker_may_be_given_its_settings() -> None:
    use_settings(None)
    broker = RabbitBroker([], Amqp(url=SecretStr("amqp://elsewhere.invalid")))
    assert broker.parameters.host == "elsewhere.invalid"


def test_the_queues_of_one_process_hold_encoded_messages() -> None:
    broker = LocalBroker([Options()])

    @dramatiq.actor(broker=broker)
    def work(number: int) -> None:
        pass

    work.send(7)
    assert Message.decode(broker.queues["default"].get_nowait()).args == (7,)
