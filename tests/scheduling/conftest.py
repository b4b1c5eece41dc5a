"""An engine on a database of the test's own, and a ticker on it."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from config.sections import Amqp, Scheduling
from config.settings import Settings
from scheduling.publishers.rabbitmq import RabbitPublisher
from scheduling.tick import Ticker
from tests.models.rows import announce, sqlalchemy_url
from tests.scheduling.ticking import POLL, FakePublisher
from tests.waiting import eventually


@pytest.fixture
def engine(database_url: str) -> Iterator[sa.Engine]:
    engine = sa.create_engine(sqlalchemy_url(database_url))
    yield engine
    engine.dispose()


@pytest.fixture
def connection(engine: sa.Engine) -> Iterator[sa.Connection]:
    with engine.begin() as connection:
        yield connection


@pytest.fixture
def ticker(engine: sa.Engine) -> Iterator[Ticker]:
    with engine.begin() as connection:
        announce(connection)
    settings = Settings(amqp=Amqp(window=10), scheduling=Scheduling(batch=20, poll_seconds=POLL))
    ticker = Ticker(engine, FakePublisher(), settings)
    yield ticker
    ticker.close()


@pytest.fixture
def publisher(amqp_url: str) -> Iterator[RabbitPublisher]:
    publisher = RabbitPublisher(Amqp(url=SecretStr(amqp_url)))
    publisher.start()
    eventually(publisher.is_ready)
    yield publisher
    publisher.close()
