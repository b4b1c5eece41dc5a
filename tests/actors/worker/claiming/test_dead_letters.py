"""Dead letters in a real RabbitMQ: each is kept with its reason before it is acknowledged, and people are told."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import dramatiq
import pika
import pytest
import sqlalchemy as sa
from dramatiq.brokers.stub import StubBroker
from dramatiq.errors import ConnectionClosed
from pika.adapters.blocking_connection import BlockingChannel
from pydantic import SecretStr

from actors.worker.claiming.brokers import RabbitBroker
from actors.worker.claiming.claims import claim_messages
from actors.worker.claiming.dead_letters import MAX_HEADERS_BYTES, tell_people
from actors.worker.claiming.deliveries import RabbitDeliveries
from actors.worker.claiming.messages import Letter, read_letter
from actors.worker.keeping.process import WorkerProcess, attach_process
from actors.worker.middleware.options import Options
from config.sections import Amqp
from models.counters.counting import OF_PROCESS, Counter
from models.dead_letters import get_dead_letters
from models.words.refusals import Refused, Unfit
from tests.actors.worker.line import READ, Line, body, published
from tests.waiting import eventually


@pytest.fixture
def channel(amqp_url: str) -> Iterator[BlockingChannel]:
    with pika.BlockingConnection(pika.URLParameters(amqp_url)) as connection:
        yield connection.channel()


@pytest.fixture
def rabbit(amqp_url: str, process: WorkerProcess) -> Iterator[RabbitBroker]:
    """With an actor `work`, and its queues."""
    broker = RabbitBroker([Options()], Amqp(url=SecretStr(amqp_url)))
    attach_process(broker, process)

    @dramatiq.actor(broker=broker)
    def work(a: int = 0) -> None:
        pass

    broker.declare_queue("default", ensure=True)
    yield broker
    broker.close()


def ready(channel: BlockingChannel, queue: str) -> int:
    return int(channel.queue_declare(queue, passive=True).method.message_count)


def consume(rabbit: RabbitBroker, until: Callable[[], Any], queue: str = "default") -> None:
    consumer = rabbit.consume(queue, timeout=100)

    def is_so() -> Any:
        next(consumer)
        return until()

    eventually(is_so)
    consumer.close()


def dead(channel: BlockingChannel) -> tuple[pika.BasicProperties, bytes]:
    method, properties, content = channel.basic_get("default.XQ", auto_ack=True)
    assert method is not None
    assert properties is not None
    assert content is not None
    return properties, content


def test_a_dead_letter_says_why_when_and_from_where(
    rabbit: RabbitBroker, channel: BlockingChannel, process: WorkerProcess
) -> None:
    for queue in ("default", "default.DQ"):
        channel.basic_publish("", queue, b"no message", pika.BasicProperties(message_id="m", headers={"theirs": 7}))
    for queue in ("default", "default.DQ"):
        consume(rabbit, lambda: ready(channel, "default.XQ"), queue)
        properties, content = dead(channel)
        assert content == b"no message"
        assert (properties.message_id, properties.delivery_mode) == ("m", 2)
        headers = properties.headers
        assert headers is not None
        since = datetime.now(UTC) - datetime.fromisoformat(headers.pop("callsheet-at"))
        assert timedelta() <= since < timedelta(minutes=1)
        assert headers == {
            "theirs": 7,
            "callsheet-reason": "not_json: it is no JSON: Expecting value at character 0",
            "callsheet-queue": queue,
            "callsheet-worker": str(process.id),
        }
        assert ready(channel, queue) == 0


def test_arguments_that_no_row_can_hold_are_a_dead_letter_that_says_so(
    rabbit: RabbitBroker, channel: BlockingChannel
) -> None:
    channel.basic_publish("", "default", body(kwargs={"a": "x\0y"}))
    consume(rabbit, lambda: ready(channel, "default.XQ"))
    properties, _ = dead(channel)
    assert properties.headers is not None
    assert properties.headers["callsheet-reason"].startswith("bad_arguments: its arguments can't be stored: ")


def test_the_senders_properties_neither_send_it_elsewhere_nor_let_it_expire(
    rabbit: RabbitBroker, channel: BlockingChannel, amqp_url: str
) -> None:
    channel.queue_declare("elsewhere")
    user = pika.URLParameters(amqp_url).credentials.username
    theirs = pika.BasicProperties(expiration="60000", user_id=user, headers={"CC": ["elsewhere"], "x": 1})
    channel.confirm_delivery()
    channel.basic_publish("", "default", b"no message", theirs, mandatory=True)
    assert ready(channel, "elsewhere") == 1
    consume(rabbit, lambda: ready(channel, "default.XQ"))
    assert ready(channel, "elsewhere") == 1
    properties, _ = dead(channel)
    assert (properties.expiration, properties.user_id) == (None, None)
    assert properties.headers is not None
    assert "CC" not in properties.headers


@pytest.mark.parametrize("value", ["x" * MAX_HEADERS_BYTES, ["x"] * 3000])
def test_with_headers_that_fit_into_no_frame_it_has_ours_alone(
    rabbit: RabbitBroker, channel: BlockingChannel, value: Any
) -> None:
    channel.basic_publish("", "default", b"no message", pika.BasicProperties(headers={"theirs": value}))
    consume(rabbit, lambda: ready(channel, "default.XQ"))
    properties, _ = dead(channel)
    assert properties.headers is not None
    assert set(properties.headers) == {f"callsheet-{each}" for each in ("reason", "at", "queue", "worker")}


def test_where_it_can_not_be_kept_nothing_is_acknowledged_and_it_is_delivered_again(
    rabbit: RabbitBroker, channel: BlockingChannel, process: WorkerProcess
) -> None:
    """Its queue is gone after the consumer has declared it; others are held up by none of it."""
    won: list[object] = []
    consumer = rabbit.consume("default", timeout=100)
    channel.queue_delete("default.XQ")
    channel.basic_publish("", "default", b"no message")
    channel.basic_publish("", "default", body())

    def is_closed() -> bool:
        try:
            won.extend(filter(None, [next(consumer)]))
        except ConnectionClosed:
            return True
        return False

    eventually(is_closed)
    eventually(lambda: ready(channel, "default") == 1, message="the message that was claimed is acknowledged")
    assert len(won) == 1
    with process.engine.begin() as connection:
        assert get_dead_letters(connection, "default") is None
    consume(rabbit, lambda: ready(channel, "default.XQ"))
    assert dead(channel)[1] == b"no message"
    assert ready(channel, "default") == 0


def test_a_full_queue_of_dead_letters_keeps_them_where_they_are(amqp_url: str, channel: BlockingChannel) -> None:
    full = {"x-max-length": 1, "x-overflow": "reject-publish"}
    channel.queue_declare("work", durable=True)
    channel.queue_declare("work.XQ", durable=True, arguments=full)
    for number in range(3):
        channel.basic_publish("", "work", b"%d" % number)
    eventually(lambda: ready(channel, "work") == 3)
    told: list[Refused] = []
    deliveries = RabbitDeliveries([pika.URLParameters(amqp_url)], "work", READ, lambda: 10, 200, note=told.extend)
    taken: list[Letter] = []
    eventually(lambda: (deliveries.wait(1) and taken.extend(deliveries.take(10))) or len(taken) == 3)
    with pytest.raises(ConnectionClosed):
        deliveries.acknowledge([each.unfit for each in taken if each.unfit])
    eventually(lambda: ready(channel, "work") == 2)
    assert ready(channel, "work.XQ") == 1
    assert [each.body for each in told] == [b"0"]


def test_many_alike_are_each_kept_and_told(
    rabbit: RabbitBroker, channel: BlockingChannel, process: WorkerProcess
) -> None:
    counter = Counter("callsheet_dead_letters_total", (("queue", "default"), ("reason", "not_json")))
    before = OF_PROCESS.totals()[0].get(counter, 0)
    for _ in range(25):
        channel.basic_publish("", "default", b"no message")
    consume(rabbit, lambda: ready(channel, "default.XQ") == 25)
    with process.engine.begin() as connection:
        told = get_dead_letters(connection, "default")
    assert told is not None
    assert (told.letters, len(told.latest)) == (25, 10)
    assert {(each["reason"], each["bytes"], each["worker_id"]) for each in told.latest} == {
        ("not_json", 10, str(process.id))
    }
    assert OF_PROCESS.totals()[0][counter] == before + 25


def test_a_database_that_is_away_keeps_no_dead_letter_from_its_queue(
    rabbit: RabbitBroker, channel: BlockingChannel, process: WorkerProcess
) -> None:
    with process.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE dead_letters")
    channel.basic_publish("", "default", b"no message")
    consume(rabbit, lambda: ready(channel, "default.XQ"))
    assert ready(channel, "default") == 0


def test_what_is_tried_again_and_then_refused_has_a_row_and_is_no_dead_letter(
    process: WorkerProcess, broker: StubBroker, line: Line
) -> None:
    """Its delivery was acknowledged when its row was found to be locked."""
    letter = read_letter(published(process), "default")
    consumer = line.consumer
    consumer._locked = [letter]
    consumer._claim = lambda _letters, _again: claim_messages(broker, process, "default", [])._replace(
        refused=[Refused(letter.body, Unfit.UNCLAIMABLE, "so it is")]
    )
    line.put(body())
    assert next(consumer) is None
    assert line.refused == []


def test_the_latest_are_told_in_the_order_in_which_they_came(process: WorkerProcess) -> None:
    def refused(*numbers: int) -> list[Refused]:
        return [Refused(b"x" * number, Unfit.NOT_JSON, f"number {number}\0") for number in numbers]

    tell_people(process, "default", refused(*range(1, 8)))
    tell_people(process, "default", refused(*range(8, 15)))
    with process.engine.begin() as connection:
        told = get_dead_letters(connection, "default")
        assert connection.execute(sa.text("SELECT count(*) FROM dead_letters")).scalar_one() == 1
    assert told is not None
    assert (told.letters, [each["bytes"] for each in told.latest]) == (14, [14, 13, 12, 11, 10, 9, 8, 7, 6, 5])
    assert told.latest[0]["because"] == "number 14\N{REPLACEMENT CHARACTER}"
