"""Dramatiq is as we take it to be, where its documentation does not say so."""

import logging
import os
import subprocess
import sys
from dataclasses import replace
from queue import PriorityQueue
from typing import Any

import dramatiq
import pytest
from dramatiq import Worker
from dramatiq.brokers.stub import StubBroker
from dramatiq.worker import WorkerThread

from actors.worker.claiming.brokers import PREFETCH_VARIABLE
from actors.worker.claiming.claimed_message import ClaimedMessage
from actors.worker.claiming.consumer import ClaimingConsumer
from tests.actors.worker.test_outcome import CLAIM


def test_a_worker_tells_its_queues_and_threads(broker: StubBroker) -> None:
    worker = Worker(broker, queues={"default"}, worker_threads=3)
    assert (worker.consumer_whitelist, worker.worker_threads) == ({"default"}, 3)
    assert not Worker(broker).consumer_whitelist


def test_the_prefetch_has_its_variable() -> None:
    code = "import dramatiq.worker; print(dramatiq.worker.QUEUE_PREFETCH)"
    environ = {"PATH": os.environ["PATH"], PREFETCH_VARIABLE: "7"}
    ended = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True)
    assert ended.stdout == "7\n"


def test_a_call_of_an_actor_calls_its_function(broker: StubBroker) -> None:
    work: Any = broker.get_actor("work")
    work.fn = lambda number: number + 1
    assert work(1) == 2


class FakeConsumer(ClaimingConsumer):
    """The consumer's answer to the end of a message, without anything that could be consumed."""

    def __init__(self) -> None:
        self.acknowledged: list[Any] = []

    def post_process_message(self, message: Any) -> None:
        """What Dramatiq's thread around a consumer is told."""
        self.acknowledged.append(message)
        self.ack(message)


def test_a_worker_thread_logs_a_message_by_what_it_says_of_itself(
    broker: StubBroker, caplog: pytest.LogCaptureFixture
) -> None:
    def work(secret: str) -> None:
        raise ValueError

    dramatiq.actor(broker=broker, actor_name="fails")(work)
    claim = replace(CLAIM, actor="fails")
    claimed = ClaimedMessage(claim, "default", ("hidden",), {}, {})
    consumer, items = FakeConsumer(), PriorityQueue[Any]()
    items.put(claimed)
    thread = WorkerThread(broker=broker, consumers={"default": consumer}, work_queue=items, worker_timeout=1)  # type: ignore[dict-item]
    with caplog.at_level(logging.INFO):
        thread.process_message(claimed)
    assert str(claimed) in caplog.text
    assert "hidden" not in caplog.text
    assert consumer.acknowledged == [claimed]
