"""The pause of a queue that is full of messages."""

from collections.abc import Iterator
from pathlib import Path

import pika
import pytest

from tests.end_to_end.deployment import Deployment
from tests.waiting import eventually

RUNS = 24
WORKER = "dramatiq actors --processes 1 --threads 2 --worker-shutdown-timeout 25000 --skip-logging"


@pytest.fixture
def deployment(tmp_path: Path, database_url: str, amqp_url: str) -> Iterator[Deployment]:
    """One of each process; the worker has two threads, and what vanishes is not missed for a long time."""
    patient = {"CALLSHEET_SCHEDULING__RESCUE_AFTER_SECONDS": "600"}
    with Deployment(tmp_path, database_url, amqp_url, patient) as running:
        running.start("web", "scheduling").start("worker", command=WORKER)
        yield running.ready()


def counts(deployment: Deployment) -> tuple[int, int]:
    """How many runs are queued, and how many run."""
    [queue] = [each for each in deployment.api.get("/v1/queues").json()["items"] if each["name"] == "default"]
    return queue["queued"], queue["running"]


def test_nothing_starts_while_it_lasts_and_everything_does_afterwards(deployment: Deployment, amqp_url: str) -> None:
    deployment.create("slow", actor="run_process", args={"argv": ["sleep", "1"]}, overlap="allow")
    runs = [deployment.trigger("slow") for _ in range(RUNS)]
    eventually(lambda: (found := counts(deployment))[0] > RUNS * 2 / 3 and found[1])
    assert deployment.api.post("/v1/queues/default/pause").status_code == 200
    with pika.BlockingConnection(pika.URLParameters(amqp_url)) as connection:
        channel = connection.channel()
        eventually(
            lambda: (
                channel.queue_declare("default", passive=True).method.message_count == 0 and counts(deployment)[1] == 0
            ),
            message="the messages are gone, and nothing runs",
        )
    assert counts(deployment)[0] > RUNS / 2
    assert deployment.api.post("/v1/queues/default/resume").status_code == 200
    assert {deployment.finished(run)["state"] for run in runs} == {"succeeded"}
    assert deployment.query("SELECT max(attempt) FROM runs") == [(1,)]
