"""A proof: each node of a RabbitMQ cluster dies, is cut off from the others and hangs, and comes back."""

import json
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial

from tests.chaos.faults import Fault
from tests.chaos.servers import CONSUMER_TIMEOUT, SETTINGS, Servers, make_database
from tests.chaos.world import World
from tests.servers.postgres import PostgresServer
from tests.servers.rabbitmq import RabbitNode
from tests.waiting import eventually

NODES = 3
AWAY_SECONDS = 20
BETWEEN_SECONDS = 5
LATE_SECONDS = 35
WHOLE_SECONDS = 120

CONFIG = ["cluster_partition_handling = pause_minority"]
Harm = Callable[[RabbitNode, list[RabbitNode]], AbstractContextManager[None]]

TICKS = "{kernel, [{net_ticktime, 8}]}"
"""How soon nodes take a silent one for dead; by default after a minute."""


@dataclass
class Cluster(Servers):
    """Nodes of which callsheet has all addresses, with quorum queues; `rabbitmq` is one of them."""

    nodes: tuple[RabbitNode, ...]

    @property
    def amqp_url(self) -> str:
        """All nodes."""
        return ";".join(node.url for node in self.nodes)

    @property
    def settings(self) -> Mapping[str, str]:
        """The queues are on all nodes."""
        return {"CALLSHEET_AMQP__QUEUE_TYPE": "quorum"}

    def is_whole(self) -> bool:
        """Whether every node runs, and knows all others."""
        return all(len(_running(node)) == NODES for node in self.nodes)


def in_turn(harm: Harm, world: World) -> None:
    """Harm every node: those that lead the queues, and those that callsheet is connected to."""
    cluster = world.servers
    assert isinstance(cluster, Cluster), "a fault for a cluster"
    for node in cluster.nodes:
        with harm(node, [other for other in cluster.nodes if other is not node]):
            world.wait(AWAY_SECONDS)
        eventually(cluster.is_whole, WHOLE_SECONDS, "the cluster is whole again", RuntimeError)
        world.wait(BETWEEN_SECONDS)


@contextmanager
def killed(node: RabbitNode, _others: list[RabbitNode]) -> Iterator[None]:
    """SIGKILL, and a new start."""
    node.kill()
    yield
    node.start()


@contextmanager
def cut_off(node: RabbitNode, others: list[RabbitNode]) -> Iterator[None]:
    """From the other nodes, not from callsheet: it finds itself in the minority, and pauses."""
    _set_cookies(node, others, "'elsewhere'")
    node.ctl("eval", "[erlang:disconnect_node(Node) || Node <- nodes()].")
    yield
    assert node.ctl("eval", "rabbit:is_running().").strip() == "false", "it does not pause"
    assert all(node.name not in _running(other) for other in others), "it was not cut off"
    _set_cookies(node, others, "erlang:get_cookie()")


@contextmanager
def hung(node: RabbitNode, _others: list[RabbitNode]) -> Iterator[None]:
    """STOP: connections stay open and nothing comes by them, until whoever watches over the node starts it anew."""
    os.killpg(node.pid, signal.SIGSTOP)
    yield
    node.kill()
    node.start()


def _running(node: RabbitNode) -> list[str]:
    return json.loads(node.ctl("cluster_status", "--formatter", "json"))["running_nodes"]


def _set_cookies(node: RabbitNode, others: list[RabbitNode], cookie: str) -> None:
    """Have a node take the others for strangers by another cookie than its own."""
    for other in others:
        node.ctl("eval", f"erlang:set_cookie('{other.name}', {cookie}).")


@contextmanager
def _started() -> Iterator[Cluster]:
    with ExitStack() as stack:
        postgres = stack.enter_context(PostgresServer(settings=SETTINGS))
        make_database(postgres)
        nodes = stack.enter_context(joined_nodes())
        cluster = Cluster(postgres, nodes[0], stack.enter_context(PostgresServer()), nodes)
        eventually(cluster.is_whole, WHOLE_SECONDS, "the cluster is whole", RuntimeError)
        yield cluster


@contextmanager
def joined_nodes() -> Iterator[tuple[RabbitNode, ...]]:
    """The nodes of a cluster."""
    with ExitStack() as stack:
        first = stack.enter_context(_node(None))
        nodes = (first, *(stack.enter_context(_node(first)) for _ in range(1, NODES)))
        for node in nodes[1:]:
            for command in (["stop_app"], ["join_cluster", first.name], ["start_app"]):
                node.ctl(*command)
        yield nodes


def _node(peer: RabbitNode | None) -> RabbitNode:
    return RabbitNode(config=CONFIG, advanced=f"{TICKS}, {CONSUMER_TIMEOUT}", peer=peer)


FAULTS = [
    Fault(f"{word} each node of RabbitMQ", partial(in_turn, harm), servers=_started, late_seconds=LATE_SECONDS)
    for word, harm in (("kill", killed), ("cut off", cut_off), ("hang", hung))
]
