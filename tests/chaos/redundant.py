"""Servers of which any one may die: a PostgreSQL with a replica, and a cluster of RabbitMQ; and what strikes them."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from tests.chaos import proofs_cluster, proofs_failover
from tests.chaos.proofs_cluster import WHOLE_SECONDS, Cluster, joined_nodes
from tests.chaos.proofs_failover import Pair, primary_and_replica
from tests.chaos.servers import Servers
from tests.servers.postgres import PostgresServer
from tests.waiting import eventually

FAILOVER = proofs_failover.FAULTS[0]
DEATHS = proofs_cluster.FAULTS[0]


@dataclass
class Redundant(Cluster, Pair):
    """Both."""


@contextmanager
def started() -> Iterator[Servers]:
    """Start all of them and the ledger's; they are gone at the end of the block."""
    with ExitStack() as stack:
        primary, replica = stack.enter_context(primary_and_replica())
        nodes = stack.enter_context(joined_nodes())
        ledger = stack.enter_context(PostgresServer())
        redundant = Redundant(postgres=primary, rabbitmq=nodes[0], ledger=ledger, replica=replica, nodes=nodes)
        redundant.synchronize()
        eventually(redundant.is_whole, WHOLE_SECONDS, "the cluster is whole", RuntimeError)
        yield redundant
