"""A line of messages into a worker process: a queue, its consumer, and what goes in."""

import queue
from functools import partial
from typing import Any

from dramatiq import Message
from dramatiq.brokers.stub import StubBroker

from actors.worker.claiming.claimed_message import ClaimedMessage
from actors.worker.claiming.claims import claim_messages
from actors.worker.claiming.consumer import ClaimingConsumer
from actors.worker.claiming.deliveries import LocalDeliveries
from actors.worker.claiming.messages import read_letter
from actors.worker.keeping.process import WorkerProcess
from models.words.refusals import Refused
from tests.models.rows import add_run

READ = partial(read_letter, queue="default")


class Line:
    """A consumer on a local queue."""

    def __init__(self, broker: StubBroker, process: WorkerProcess) -> None:
        self.queue: queue.Queue[bytes] = queue.Queue()
        self.dead: list[Refused] = []
        claim = partial(claim_messages, broker, process, "default")
        self.consumer = ClaimingConsumer(LocalDeliveries(self.queue, self.dead, READ), process, claim, 50)

    @property
    def refused(self) -> list[bytes]:
        return [each.body for each in self.dead]

    def put(self, *bodies: bytes) -> None:
        for body in bodies:
            self.queue.put(body)

    def claims(self) -> list[ClaimedMessage]:
        won = []
        while (message := next(self.consumer)) is not None:
            won.append(message)
        return won  # type: ignore[return-value]


def body(actor: str = "work", args: Any = (), kwargs: Any = None, **options: Any) -> bytes:
    return Message("default", actor, args, kwargs or {}, options).encode()


def published(process: WorkerProcess, **columns: Any) -> bytes:
    with process.engine.begin() as connection:
        run = add_run(connection, **columns)
    return body(run_id=str(run), attempt=0)
