"""The checks of RabbitMQ: the server, how long it lets a message be unacknowledged, and the arguments of queues."""

import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from typing import Any

import pika
from pika.adapters.utils.connection_workflow import AMQPConnectorException
from pika.exceptions import (
    AMQPError,
    ChannelClosedByBroker,
    ConnectionClosedByBroker,
    ProbableAccessDeniedError,
    ProbableAuthenticationError,
)

from api.cli.local.checks.finding import Finding, note, ok, problem
from config.broker import connection_parameters, queue_arguments, queue_name
from config.sections import Amqp

OLDEST = (3, 8)
PRECONDITION_FAILED = 406
LEAST_MINUTES = 5
"""A worker holds a message for seconds; a consumer that was slow for less than this is no reason to throw it out."""

_ASK_TIMEOUT = ("rabbitmqctl", "eval", "application:get_env(rabbit, consumer_timeout).")
_CTL_SECONDS = 20


def check_broker(amqp: Amqp, queues: Sequence[str]) -> Iterator[Finding]:
    """All of them, as far as the server answers; of `queues` those that are there."""
    try:
        version = _read_version(amqp)
        yield _judge_version(version)
        yield _check_consumer_timeout()
        yield from _check_queues(amqp, queues)
    except (AMQPError, AMQPConnectorException, OSError) as error:
        yield _say_why(_root_of(error))


def _root_of(error: BaseException) -> BaseException:
    """What happened: pika puts one error into the other."""
    while True:
        inside = (*getattr(error, "exceptions", ()), getattr(error, "exception", None), *error.args)
        found = [each for each in inside if isinstance(each, BaseException)]
        if not found:
            return error
        error = found[-1]


def _say_why(error: BaseException) -> Finding:
    said = str(error) or type(error).__name__
    if isinstance(error, ProbableAuthenticationError | ConnectionClosedByBroker | ProbableAccessDeniedError):
        return problem("rabbitmq", f"it lets us not in: {said}", "export AMQP_URL=amqp://USER:PASSWORD@HOST/VHOST")
    return problem("rabbitmq", f"it does not answer: {said}", "rabbitmq-diagnostics check_port_connectivity")


def _read_version(amqp: Amqp) -> str:
    """Of a connection that callbacks drive: the other kind keeps what the server says of itself to itself."""
    said: list[Any] = []

    def opened(connection: pika.SelectConnection) -> None:
        said.append(connection.server_properties or {})
        connection.close()

    def failed(connection: pika.SelectConnection, error: BaseException) -> None:
        said.append(error)
        connection.ioloop.stop()

    connection = pika.SelectConnection(
        connection_parameters(amqp)[0],
        on_open_callback=opened,
        on_open_error_callback=failed,
        on_close_callback=lambda closed, _reason: closed.ioloop.stop(),
    )
    connection.ioloop.start()
    if isinstance(said[0], BaseException):
        raise said[0]
    version = said[0].get("version", "")
    return version.decode() if isinstance(version, bytes) else str(version)


def _judge_version(version: str) -> Finding:
    if _numbers(version) < OLDEST:
        return problem("rabbitmq", f"version {version or 'unknown'}", "use RabbitMQ 3.8 or later")
    return ok("rabbitmq", f"version {version}")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:2])


def _check_consumer_timeout() -> Finding:
    """Only the server's own tool knows it, and only where it may."""
    command = " ".join([*_ASK_TIMEOUT[:2], f"'{_ASK_TIMEOUT[2]}'"])
    milliseconds = _ask_timeout()
    if milliseconds is None:
        said = "not known: AMQP does not tell it, and rabbitmqctl is not here; the default of 30 minutes is fine"
        return note("consumer_timeout", said, f"on RabbitMQ's machine: {command}")
    if milliseconds < LEAST_MINUTES * 60_000:
        said = f"{milliseconds / 1000:g} seconds: a consumer that is slow for so long loses its connection"
        return note(
            "consumer_timeout", said, "rabbitmqctl eval 'application:set_env(rabbit, consumer_timeout, 1800000).'"
        )
    return ok("consumer_timeout", f"{milliseconds / 60_000:g} minutes")


def _ask_timeout() -> int | None:
    if shutil.which(_ASK_TIMEOUT[0]) is None:
        return None
    try:
        asked = subprocess.run(_ASK_TIMEOUT, capture_output=True, text=True, timeout=_CTL_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r"\{ok,\s*(\d+)\}", asked.stdout)
    return int(found[1]) if found and not asked.returncode else None


def _check_queues(amqp: Amqp, queues: Sequence[str]) -> Iterator[Finding]:
    """Declaring a queue that is there changes nothing, and tells whether its arguments are ours."""
    differing = []
    connection = pika.BlockingConnection(connection_parameters(amqp))
    try:
        for name in (queue_name(amqp, queue) for queue in queues):
            if _closes(connection, name, passive=True) is None:
                error = _closes(connection, name, arguments=queue_arguments(amqp, name))
                if error is not None and error.reply_code == PRECONDITION_FAILED:
                    differing.append(name)
                    mend = f"rabbitmqctl delete_queue --if-empty {name}; or another amqp.queue_prefix"
                    yield problem("queues", f"{name} was declared with other arguments: {error.reply_text}", mend)
    finally:
        connection.close()
    if not differing:
        yield ok("queues", "none has other arguments than callsheet's")


def _closes(connection: pika.BlockingConnection, name: str, **how: Any) -> ChannelClosedByBroker | None:
    """How the broker answers a declaration that it refuses; None where it doesn't."""
    channel = connection.channel()
    try:
        channel.queue_declare(name, durable=True, **how)
    except ChannelClosedByBroker as error:
        return error
    channel.close()
    return None
