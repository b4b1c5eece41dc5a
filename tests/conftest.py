"""Real servers for tests. They start when the first test needs them, and all workers of pytest-xdist share them."""

import os
import signal
from collections.abc import Iterator

import pytest

from tests.servers import databases, places, shared, vhosts
from tests.servers.keeper import Keeper
from tests.servers.postgres import PostgresServer
from tests.servers.rabbitmq import RabbitNode

KEEPER = pytest.StashKey[Keeper]()


def pytest_configure(config: pytest.Config) -> None:
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as a shell starts what is in its background
        signal.signal(signal.SIGINT, signal.default_int_handler)  # what tests start inherits whether it is ignored
    if places.RUN_FOLDER_VARIABLE in os.environ:
        return  # a worker: its controller has made the folder
    folder = places.new_run_folder()
    os.environ[places.RUN_FOLDER_VARIABLE] = str(folder)
    config.stash[KEEPER] = Keeper(folder)


def pytest_unconfigure(config: pytest.Config) -> None:
    databases.drop_emptied()
    if keeper := config.stash.get(KEEPER, None):
        try:
            databases.drop_template()
        finally:
            keeper.end_run()
            del os.environ[places.RUN_FOLDER_VARIABLE]


@pytest.fixture
def database_url() -> Iterator[str]:
    """A migrated database of the test's own."""
    with databases.database(migrated=True) as url:
        yield url


@pytest.fixture
def empty_database_url() -> Iterator[str]:
    """A database of the test's own without any table."""
    with databases.database(migrated=False) as url:
        yield url


@pytest.fixture
def amqp_url() -> str:
    """A virtual host of the test's own; with TEST_AMQP_URL that URL, on which queues need unique prefixes."""
    node = shared.shared_rabbitmq()
    return node["url"] if node["kind"] == "given" else vhosts.take_vhost(node)


@pytest.fixture
def own_postgres(request: pytest.FixtureRequest) -> Iterator[PostgresServer]:
    """A started server that the test may stop, kill and restart.

    Other arguments: `@pytest.mark.parametrize("own_postgres", [{"fsync": True}], indirect=True)`.
    """
    with PostgresServer(**getattr(request, "param", {})) as server:
        yield server


@pytest.fixture
def own_rabbitmq(request: pytest.FixtureRequest) -> Iterator[RabbitNode]:
    """A started node that the test may stop, kill and restart; takes about 10 s to start.

    Lines of rabbitmq.conf: the same with "own_rabbitmq" and [{"config": ["consumer_timeout = 8000"]}].
    """
    with RabbitNode(**getattr(request, "param", {})) as node:
        yield node
