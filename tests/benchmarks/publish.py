"""Publish: from planned rows to confirmed and marked queued, against pika's pipelined confirms alone."""

import time
from uuid import uuid4

from dramatiq import Message

from scheduling.publish import Outgoing, Publishing
from scheduling.publishers.rabbitmq import RabbitPublisher
from tests.benchmarks.figures import Figure, ratios
from tests.benchmarks.options import Options
from tests.benchmarks.site import Site
from tests.benchmarks.system import System

BATCH = 1000


def measure(options: Options, site: Site) -> list[Figure]:
    """Both in turn over the same connection, in batches of the same size."""
    count = options.runs_to_drain
    with_rows, alone = [], []
    for _ in range(options.runs):
        with site.system() as system, system.publisher() as publisher:
            publisher.count_messages("default")
            alone.append(_publish_alone(publisher, count))
            with_rows.append(_publish_rows(system, publisher, count))
    return [
        Figure("callsheet: rows published", with_rows, "runs/s"),
        Figure("pika alone: messages confirmed", alone, "runs/s"),
        ratios("callsheet ÷ pika", with_rows, alone, ">= 0.5"),
    ]


def _publish_alone(publisher: RabbitPublisher, count: int) -> float:
    begin = time.monotonic()
    for _ in range(0, count, BATCH):
        ids = [uuid4() for _ in range(BATCH)]
        if publisher.publish([Outgoing((run,), "default", _body(str(run))) for run in ids]) != set(ids):
            raise RuntimeError("RabbitMQ did not confirm all messages")
    return count / (time.monotonic() - begin)


def _publish_rows(system: System, publisher: RabbitPublisher, count: int) -> float:
    system.announce()
    system.plan(count)
    publishing = Publishing(system.engine, publisher)
    begin = time.monotonic()
    while publishing.publish_due(BATCH, window=count):
        publishing.note_confirmed()
    return count / (time.monotonic() - begin)


def _body(run: str) -> bytes:
    options = {"run_id": run, "attempt": 0}
    message: Message[None] = Message(
        queue_name="default", actor_name="noop", args=(), kwargs={}, options=options, message_id=run
    )
    return message.encode()
