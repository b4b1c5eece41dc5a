"""The servers of a chaos run: one PostgreSQL and one RabbitMQ to be broken, and the ledger's, which is left alone."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import psycopg

from tests.servers.databases import url_of
from tests.servers.postgres import PostgresServer
from tests.servers.rabbitmq import RabbitNode

ROLE = "callsheet"
"""An ordinary role: connection limits do not hold for superusers."""

SETTINGS = {"max_connections": 60}
"""Of callsheet's PostgreSQL."""

# Every run that lasts longer proves that its delivery was acknowledged at its claim.
CONSUMER_TIMEOUT = "{rabbit, [{consumer_timeout, 8000}, {channel_tick_interval, 2000}]}"


@dataclass
class Servers:
    """What callsheet runs on, and beside it the ledger's server."""

    postgres: PostgresServer
    rabbitmq: RabbitNode
    ledger: PostgresServer

    @property
    def admin_url(self) -> str:
        """callsheet's database, as a superuser."""
        return url_of(self.postgres.url, ROLE)

    @property
    def database_url(self) -> str:
        """callsheet's database, as callsheet itself."""
        parts = urlsplit(self.admin_url)
        return parts._replace(netloc=f"{ROLE}:{ROLE}@{parts.netloc.rpartition('@')[2]}").geturl()

    @property
    def amqp_url(self) -> str:
        """RabbitMQ."""
        return self.rabbitmq.url

    @property
    def settings(self) -> Mapping[str, str]:
        """What callsheet must know of them besides their addresses."""
        return {}


@contextmanager
def started() -> Iterator[Servers]:
    """Start all three; they are gone at the end of the block."""
    with ExitStack() as stack:
        servers = Servers(
            stack.enter_context(PostgresServer(settings=SETTINGS)),
            stack.enter_context(RabbitNode(advanced=CONSUMER_TIMEOUT)),
            stack.enter_context(PostgresServer()),
        )
        make_database(servers.postgres)
        yield servers


def make_database(server: PostgresServer) -> None:
    """callsheet's role and database."""
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {ROLE} LOGIN PASSWORD '{ROLE}'")
        connection.execute(f"CREATE DATABASE {ROLE} OWNER {ROLE}")
