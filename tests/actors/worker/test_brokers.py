"""The brokers of a worker: names and arguments at the wire, and what they lean on in Dramatiq's and pika's."""

import math
from collections.abc import Iterator
from functools import partial

import dramatiq
import pika
import pytest
from dramatiq import Message
from dramatiq.errors import ConnectionClosed
from pydantic import SecretStr

from actors.worker.claiming.brokers import DEAD_LETTERS, LocalBroker, RabbitBroker
from actors.worker.claiming.deliveries import RabbitDeliveries
from actors.worker.claiming.messages import read_letter
from actors.worker.keeping.process import WorkerProcess, attach_process
from actors.worker.middleware.options import Options
from config.broker import DEAD_MESSAGE_MILLISECONDS
from config.sections import Amqp
from config.settings import load_settings, use_settings
from models.dead_letters import get_dead_letters
from models.words.refusals import Refused, Unfit
from scheduling.dead_letters.local import LocalCounter
from tests.servers.places import free_port
from tests.servers.rabbitmq import RabbitNode
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
    return RabbitDeliveries(rabbit.parameters, PREFIX + name, partial(read_letter, queue=name), lambda: 10, 200)


def test_queues_are_declared_by_our_names_and_again_when_they_are_gone(
    rabbit: RabbitBroker, work: dramatiq.Actor[[int], None]
) -> None:
    work.send(1)
    deliveries = delivered(rabbit, "work")
    eventually(lambda: deliveries.wait(1))
    assert [Message.decode(letter.body).args for letter in deliveries.take(10)] == [(1,)]
    deliveries.acknowledge()
    assert not deliveries.wait(0.1)

    rabbit.channel.queue_delete(f"{PREFIX}work")
    with pytest.raises(ConnectionClosed, match="deleted"):
        eventually(lambda: deliveries.wait(1))
    deliveries.close()
    work.send(2)  # to a queue that is not there: it is declared, and the message sent again
    deliveries = delivered(rabbit, "work")
    eventually(lambda: deliveries.wait(1))
    assert [Message.decode(letter.body).args for letter in deliveries.take(10)] == [(2,)]
    deliveries.close()


def test_a_delayed_message_says_when_it_is_due(rabbit: RabbitBroker, work: dramatiq.Actor[[int], None]) -> None:
    sent = work.send_with_options(args=(1,), delay=60_000)
    deliveries = delivered(rabbit, "work.DQ")
    eventually(lambda: deliveries.wait(1))
    [message] = [letter.message for letter in deliveries.take(10)]
    assert message is not None
    assert message.queue_name == "work.DQ"
    assert message.options["eta"] == sent.options["eta"] == message.message_timestamp + 60_000
    deliveries.close()


def dead_letters(rabbit: RabbitBroker) -> int:
    return rabbit.channel.queue_declare(f"{PREFIX}work.XQ", passive=True).method.message_count


def refused(body: bytes) -> Refused:
    return Refused(body, Unfit.UNCLAIMABLE, "the test says so")


def test_what_is_refused_goes_to_the_dead_letters_and_the_rest_is_acknowledged(
    rabbit: RabbitBroker, work: dramatiq.Actor[[int], None]
) -> None:
    for number in range(6):
        work.send(number)
    deliveries = delivered(rabbit, "work")
    bodies: list[bytes] = []
    eventually(
        lambda: (
            (deliveries.wait(1) and bodies.extend(letter.body for letter in deliveries.take(10))) or len(bodies) == 6
        )
    )
    deliveries.acknowledge([refused(bodies[number]) for number in (0, 2, 5)])
    assert not deliveries.wait(0.1)  # the channel is open
    eventually(lambda: dead_letters(rabbit) == 3)
    deliveries.close()
    assert rabbit.channel.queue_declare(f"{PREFIX}work", passive=True).method.message_count == 0

    work.send(7)
    deliveries = delivered(rabbit, "work")
    eventually(lambda: deliveries.wait(1))
    deliveries.acknowledge([refused(letter.body) for letter in deliveries.take(10)])  # all there is
    assert not deliveries.wait(0.1)
    eventually(lambda: dead_letters(rabbit) == 4)
    deliveries.close()


def test_every_message_from_rabbitmq_leaves_a_row_or_is_kept(
    rabbit: RabbitBroker, work: dramatiq.Actor[[int], None], process: WorkerProcess
) -> None:
    attach_process(rabbit, process)
    odd: list[object] = [math.nan, math.inf, "a\0b", "lone \ud800"]
    for value in odd:
        work.send(value)  # type: ignore[arg-type]
    for retries in (3.0, 3_000_000_000):
        work.send_with_options(args=(1,), max_retries=retries)
    rabbit.channel.basic_publish("", f"{PREFIX}work", b"no message")
    consumer = rabbit.consume("work", timeout=200)
    won: list[object] = []
    eventually(lambda: ((message := next(consumer)) and won.append(message)) or len(won) == 2)
    eventually(lambda: next(consumer) or dead_letters(rabbit) == 5)
    consumer.close()
    with process.engine.begin() as connection:
        ended = connection.exec_driver_sql("SELECT state, error_type, count(*) FROM runs GROUP BY 1, 2 ORDER BY 1")
        assert [tuple(row) for row in ended] == [("failed", "ArgumentsNotStored", 4), ("running", None, 2)]
    assert rabbit.channel.queue_declare(f"{PREFIX}work", passive=True).method.message_count == 0


def test_a_broker_may_be_given_its_settings() -> None:
    use_settings(None)
    broker = RabbitBroker([], Amqp(url=SecretStr("amqp://elsewhere.invalid")))
    assert [each.host for each in broker.parameters] == ["elsewhere.invalid"]


@pytest.mark.usefixtures("rabbit")
def test_of_the_nodes_of_a_cluster_one_that_answers_is_found(amqp_url: str) -> None:
    gone = f"amqp://127.0.0.1:{free_port()}"
    broker = RabbitBroker([], Amqp(url=SecretStr(f"{gone};{amqp_url};{gone}"), queue_prefix=PREFIX))
    broker.declare_queue("work", ensure=True)
    deliveries = RabbitDeliveries(broker.parameters, f"{PREFIX}work", partial(read_letter, queue="work"), int, 200)
    assert not deliveries.wait(0.1)
    deliveries.close()
    broker.close()


def types(node: RabbitNode) -> dict[str, str]:
    lines = node.ctl("list_queues", "--no-table-headers", "name", "type").splitlines()
    return dict(line.split("\t") for line in lines)


def test_every_queue_of_a_cluster_outlives_a_node(own_rabbitmq: RabbitNode) -> None:
    broker = RabbitBroker([], Amqp(url=SecretStr(own_rabbitmq.url), queue_type="quorum"))
    broker.declare_queue("new", ensure=True)
    assert types(own_rabbitmq) == dict.fromkeys(("new", "new.DQ", "new.XQ"), "quorum")

    as_before = {"x-message-ttl": DEAD_MESSAGE_MILLISECONDS}
    broker.channel.queue_declare("old.XQ", durable=True, arguments=as_before)
    broker.declare_queue("old", ensure=True)
    assert [types(own_rabbitmq)[name] for name in ("old", "old.XQ")] == ["quorum", "classic"]
    broker.close()


def test_the_queues_of_one_process_hold_encoded_messages() -> None:
    broker = LocalBroker([Options()])

    @dramatiq.actor(broker=broker)
    def work(number: int) -> None:
        pass

    work.send(7)
    assert Message.decode(broker.queues["default"].get_nowait()).args == (7,)


def test_the_dead_letters_of_one_process_are_bounded(process: WorkerProcess) -> None:
    broker = LocalBroker([Options()])
    attach_process(broker, process)
    broker.declare_queue("default")
    for number in range(DEAD_LETTERS + 5):
        broker.queues["default.DQ"].put(b"%d" % number)
    consumer = broker.consume("default.DQ", timeout=10)
    eventually(lambda: next(consumer) or broker.queues["default.DQ"].empty())
    kept = broker.refused["default.XQ"]
    assert [each.body for each in kept] == [b"%d" % number for number in range(5, DEAD_LETTERS + 5)]
    assert LocalCounter(broker.refused).count("default") == DEAD_LETTERS
    with process.engine.begin() as connection:
        told = get_dead_letters(connection, "default")
    assert told is not None
    assert (told.letters, told.latest[0]["reason"]) == (DEAD_LETTERS + 5, "not_a_message")
