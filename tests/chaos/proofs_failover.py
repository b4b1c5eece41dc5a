"""A proof: the primary of PostgreSQL dies under load, and its replica takes over, whose address callsheet has too."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import psycopg

from tests.chaos.faults import Fault
from tests.chaos.servers import CONSUMER_TIMEOUT, ROLE, SETTINGS, Servers, make_database
from tests.chaos.world import World
from tests.servers.databases import url_of
from tests.servers.postgres import PostgresServer
from tests.servers.rabbitmq import RabbitNode
from tests.waiting import eventually

NOTICED_SECONDS = 5
"""Until whoever watches over the primary is sure that it is gone."""

ALONE_SECONDS = 5
TOGETHER_SECONDS = 10
LATE_SECONDS = 35

_WAIT_FOR_ANY = "ALTER SYSTEM SET synchronous_standby_names = '*'"
_IN_STEP = "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming' AND sync_state = 'sync'"


@dataclass
class Pair(Servers):
    """A primary, which is `postgres`, and a replica without which nothing is committed."""

    replica: PostgresServer

    @property
    def admin_url(self) -> str:
        """callsheet's database on whichever of both may be written to."""
        first = url_of(self.postgres.url, ROLE)
        both = first.replace(f":{self.postgres.port}/", f":{self.postgres.port},127.0.0.1:{self.replica.port}/")
        return f"{both}?target_session_attrs=read-write"

    def fail_over(self) -> None:
        """The replica, which waits for nobody, becomes the primary."""
        assert _ask(self.replica, "SHOW synchronous_standby_names") == "", "nobody would confirm a commit"
        assert _ask(self.replica, "SELECT pg_promote()"), "the replica is promoted"
        self.postgres, self.replica = self.replica, self.postgres

    def synchronize(self) -> None:
        """From now on each commit waits for the replica."""
        _ask(self.postgres, _WAIT_FOR_ANY)
        _ask(self.postgres, "SELECT pg_reload_conf()")
        eventually(lambda: _ask(self.postgres, _IN_STEP), 30, "the replica confirms commits")


def there_and_back(world: World) -> None:
    """Kill the primary and promote the replica; what was the primary follows it, and then the same once more."""
    pair = world.servers
    assert isinstance(pair, Pair), "a fault for a pair of servers"
    for _ in range(2):
        pair.postgres.kill()
        world.wait(NOTICED_SECONDS)
        pair.fail_over()
        world.wait(ALONE_SECONDS)
        pair.replica.follow(pair.postgres)
        pair.synchronize()
        world.wait(TOGETHER_SECONDS)


@contextmanager
def _started() -> Iterator[Pair]:
    with ExitStack() as stack:
        primary, replica = stack.enter_context(primary_and_replica())
        rabbitmq = stack.enter_context(RabbitNode(advanced=CONSUMER_TIMEOUT))
        pair = Pair(primary, rabbitmq, stack.enter_context(PostgresServer()), replica)
        pair.synchronize()
        yield pair


@contextmanager
def primary_and_replica() -> Iterator[tuple[PostgresServer, PostgresServer]]:
    """A server with callsheet's database, and one that follows it."""
    with PostgresServer(settings=SETTINGS) as primary:
        make_database(primary)
        with PostgresServer(settings=SETTINGS, primary=primary) as replica:
            yield primary, replica


def _ask(server: PostgresServer, sql: str) -> object:
    """The first value of the answer, if there is any."""
    with psycopg.connect(server.url, autocommit=True) as connection:
        cursor = connection.execute(sql)
        row = cursor.fetchone() if cursor.description else None
        return row and row[0]


FAULTS = [Fault("fail over to a replica of PostgreSQL", there_and_back, servers=_started, late_seconds=LATE_SECONDS)]
