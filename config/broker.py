"""How RabbitMQ is reached and what its queues are called: the one place for connection and queue arguments."""

import random
from urllib.parse import parse_qs, urlsplit

import pika

from config.sections import Amqp

HEARTBEAT_SECONDS = 30
BLOCKED_SECONDS = 10
"""How long a connection may stay blocked by a broker that is out of memory or disk before it counts as lost."""

_DEFAULTS = {
    "heartbeat": HEARTBEAT_SECONDS,
    "blocked_connection_timeout": BLOCKED_SECONDS,
    "socket_timeout": 5,
    "stack_timeout": 10,
}

DEAD_MESSAGE_MILLISECONDS = 7 * 86400 * 1000
QUORUM = {"x-queue-type": "quorum"}

PRECONDITION_FAILED = 406
"""The answer to the declaration of a queue that exists with other arguments, or to arguments it can't have."""


def connection_parameters(amqp: Amqp) -> list[pika.URLParameters]:
    """Where and how to connect, each node of a cluster, in any order so that all are used: heartbeats on, blocked
    connections given up, short connection timeouts, where the address does not say how."""
    addresses = amqp.addresses
    return [_parameters(url) for url in random.sample(addresses, len(addresses))]


def queue_name(amqp: Amqp, queue: str) -> str:
    """The broker's name of a queue."""
    return amqp.queue_prefix + queue


def queue_arguments(amqp: Amqp, name: str) -> dict[str, object]:
    """The arguments with which a work queue is declared, by publisher and worker alike: a difference is a 406.

    They are Dramatiq's own, so that queues an existing Dramatiq service has declared fit. So how often a quorum queue
    delivers is left to a policy (docs/deploying.md): with an argument, quorum queues that exist would differ.
    """
    arguments: dict[str, object] = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": f"{name}.XQ"}
    if amqp.queue_type == "quorum":
        arguments |= QUORUM
    return arguments


def _parameters(url: str) -> pika.URLParameters:
    parameters = pika.URLParameters(url)
    given = parse_qs(urlsplit(url).query)
    for name, value in _DEFAULTS.items():
        if name not in given:
            setattr(parameters, name, value)
    parameters.client_properties = {"connection_name": "callsheet"} | (parameters.client_properties or {})
    return parameters
