"""Faults of RabbitMQ: it goes away, forgets everything, throws out its clients, and takes no messages."""

import pika

from tests.chaos.faults import Fault
from tests.chaos.subscriber import CONNECTION, QUEUE
from tests.chaos.world import World
from tests.servers.rabbitmq import RabbitNode

AWAY_SECONDS = 3
RESET_SECONDS = 180
"""`stop_app` waits for every client that the broker still talks to."""

ALARM_SECONDS = 15
"""Longer than callsheet puts up with a blocked connection."""

WATERMARK = "0.4"


def stop_and_start(world: World) -> None:
    """A clean restart."""
    _node(world).stop()
    world.wait(AWAY_SECONDS)
    _node(world).start()


def kill_and_start(world: World) -> None:
    """A crash."""
    _node(world).kill()
    world.wait(AWAY_SECONDS)
    _node(world).start()


def reset(world: World) -> None:
    """All queues and messages are gone."""
    for command in ("stop_app", "reset", "start_app"):
        _node(world).ctl(command, timeout=RESET_SECONDS)


def close_every_connection(world: World) -> None:
    """As an operator does, or a proxy before the broker."""
    _node(world).ctl("close_all_connections", "chaos")


def close_one_connection(world: World) -> None:
    """Any of callsheet's."""
    lines = _node(world).ctl("list_connections", "--no-table-headers", "pid", "user_provided_name").splitlines()
    pids = [line.split()[0] for line in lines if line.strip() and not line.endswith(CONNECTION)]
    if pids:
        _node(world).ctl("close_connection", world.random.choice(pids), "chaos")


def delete_queues(world: World) -> None:
    """All of callsheet's, with their messages, while they are in use."""
    names = _node(world).ctl("list_queues", "--no-table-headers", "name").split()
    with pika.BlockingConnection(pika.URLParameters(_node(world).url)) as connection:
        for name in (name for name in names if name != QUEUE):
            connection.channel().queue_delete(name)


def memory_alarm(world: World) -> None:
    """The broker blocks whoever publishes."""
    _node(world).ctl("set_vm_memory_high_watermark", "0")
    try:
        world.wait(ALARM_SECONDS)
    finally:
        _node(world).ctl("set_vm_memory_high_watermark", WATERMARK)


def _node(world: World) -> RabbitNode:
    assert world.servers is not None, "a fault for servers of its own"
    return world.servers.rabbitmq


FAULTS = [
    Fault("restart RabbitMQ", stop_and_start),
    Fault("kill RabbitMQ", kill_and_start),
    Fault("reset RabbitMQ", reset),
    Fault("close every connection of RabbitMQ", close_every_connection),
    Fault("close one connection of RabbitMQ", close_one_connection),
    Fault("delete the queues", delete_queues),
    Fault("memory alarm of RabbitMQ", memory_alarm),
]
