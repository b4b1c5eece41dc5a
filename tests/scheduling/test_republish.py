"""Messages that vanished from a real RabbitMQ are missed."""

from collections.abc import Iterator
from uuid import UUID

import pika
import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from config.sections import Amqp
from scheduling.publish import publish_due, republish_vanished
from scheduling.publishers.rabbitmq import RabbitPublisher
from tests.models.rows import add_run, announce, claim, set_run
from tests.waiting import eventually


@pytest.fixture
def publisher(amqp_url: str) -> Iterator[RabbitPublisher]:
    publisher = RabbitPublisher(Amqp(url=SecretStr(amqp_url)))
    publisher.start()
    eventually(publisher.is_ready)
    yield publisher
    publisher.close()


def test_one_that_is_gone_from_a_queue_that_is_never_empty(
    engine: sa.Engine, publisher: RabbitPublisher, amqp_url: str
) -> None:
    def publish() -> UUID:
        with engine.begin() as connection:
            run = add_run(connection)
        assert publish_due(engine, publisher, 100, 1000) == 1
        return run

    with engine.begin() as connection:
        announce(connection)
    vanished = publish()
    with pika.BlockingConnection(pika.URLParameters(amqp_url)) as broker:
        channel = broker.channel()
        assert channel.basic_get("default", auto_ack=True)[0] is not None
        with engine.begin() as connection:
            set_run(connection, vanished, "queued_at = now() - interval '1 min'")
        later, _waiting = publish(), publish()
        assert republish_vanished(engine, publisher, 10, 100) == 0
        with engine.begin() as connection:
            claim(connection, later)
        assert republish_vanished(engine, publisher, 10, 100) == 1
        assert republish_vanished(engine, publisher, 10, 100) == 0
        messages = [channel.basic_get("default", auto_ack=True)[1] for _ in range(3)]
    assert messages[-1] is not None
    assert messages[-1].message_id == str(vanished)
