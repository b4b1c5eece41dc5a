"""Kills, restarts and outages: every slot has exactly one row, and its request was made once."""

import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pika
import pytest

from tests.end_to_end.deployment import ROOT, Deployment, RequestCounter, instant
from tests.servers.postgres import PostgresServer
from tests.servers.rabbitmq import RabbitNode
from tests.waiting import eventually

EVERY_SLOT = """
SELECT count(*), count(DISTINCT slot_at),
    extract(epoch FROM max(coalesce(slot_until, slot_at)) - min(slot_at))::int + 1, sum(slots)
FROM runs WHERE schedule_name = '{name}'
"""


def assert_every_second_has_one_row(deployment: Deployment, name: str) -> None:
    """Every second from the first slot to the last is decided in exactly one row."""
    rows, distinct, seconds, slots = deployment.query(EVERY_SLOT.format(name=name))[0]
    assert rows == distinct
    assert slots == seconds


def assert_requested_once(deployment: Deployment, counter: RequestCounter) -> None:
    """No run has called more than once."""
    again = [run for run, calls in counter.by_run().items() if calls > 1]
    assert not again, [deployment.run(run)["attempts"] for run in again]


def assert_settled(deployment: Deployment, name: str) -> None:
    """Pause the schedule and wait until every run of it is final."""
    assert deployment.api.post(f"/v1/schedules/{name}/pause", json={}).status_code == 200
    unfinished = f"SELECT id, state FROM runs WHERE schedule_name = '{name}' AND finished_at IS NULL"
    eventually(lambda: deployment.query(unfinished) == [], 60, "every run ends")


def start_ticking(deployment: Deployment, counter: RequestCounter) -> None:
    """A schedule due every second that calls the counter."""
    deployment.create(
        "tick", actor="http_request", args={"url": counter.url}, every_seconds=1, overlap="allow", catchup="all"
    )
    eventually(lambda: len(counter.requests) >= 2)


def test_a_scheduler_killed_at_any_point_loses_and_doubles_nothing(
    deployment: Deployment, counter: RequestCounter
) -> None:
    start_ticking(deployment, counter)
    moments = random.Random(4)
    for _ in range(6):
        target = len(counter.requests) + 1
        eventually(lambda target=target: len(counter.requests) >= target, 30)
        eventually(lambda: moments.random() < 0.1)
        deployment.kill("scheduling")
        deployment.start("scheduling")
    assert_settled(deployment, "tick")
    assert_every_second_has_one_row(deployment, "tick")
    assert_requested_once(deployment, counter)
    assert len(counter.by_slot()) == len(deployment.runs(schedule="tick", state="succeeded"))


def test_two_schedulers_plan_each_slot_once(deployment: Deployment, counter: RequestCounter) -> None:
    deployment.start("scheduling.2", "scheduling.3")
    start_ticking(deployment, counter)
    eventually(lambda: len(counter.requests) >= 6)
    deployment.kill("scheduling.2")
    eventually(lambda: len(counter.requests) >= 8)
    assert_settled(deployment, "tick")
    assert_every_second_has_one_row(deployment, "tick")
    assert_requested_once(deployment, counter)


def test_a_deleted_queue_is_made_again_and_its_runs_are_published_again(
    deployment: Deployment, counter: RequestCounter
) -> None:
    start_ticking(deployment, counter)
    with pika.BlockingConnection(pika.URLParameters(deployment.environment["AMQP_URL"])) as connection:
        for _ in range(3):
            connection.channel().queue_delete("default")
            target = len(counter.requests) + 1
            eventually(lambda target=target: len(counter.requests) >= target, 30, "requests go on")
    assert_settled(deployment, "tick")
    assert_every_second_has_one_row(deployment, "tick")
    assert_requested_once(deployment, counter)
    assert len(counter.by_slot()) == len(deployment.runs(schedule="tick", state="succeeded"))


@pytest.fixture
def fragile(tmp_path: Path, own_postgres: PostgresServer, own_rabbitmq: RabbitNode) -> Iterator[Deployment]:
    """A deployment on servers of its own, to be stopped under it."""
    with Deployment(tmp_path, own_postgres.url, own_rabbitmq.url) as running:
        subprocess.run(["alembic", "upgrade", "head"], cwd=ROOT, env=running.environment, check=True, timeout=60)
        yield running.start("web", "scheduling", "scheduling.2", "worker").ready()


def test_outages_of_rabbitmq_and_postgresql_lose_and_double_nothing(
    fragile: Deployment, counter: RequestCounter, own_postgres: PostgresServer, own_rabbitmq: RabbitNode
) -> None:
    start_ticking(fragile, counter)
    for fault in (own_rabbitmq.restart, own_postgres.restart, lambda: own_postgres.restart("immediate")):
        fault()
        target = len(counter.requests) + 2
        eventually(lambda target=target: len(counter.requests) >= target, 40, "requests go on after the outage")
    eventually(lambda: fragile.api.post("/v1/schedules/tick/pause", json={}).status_code == 200, 20)
    assert_settled(fragile, "tick")
    assert_every_second_has_one_row(fragile, "tick")
    assert_requested_once(fragile, counter)


def test_two_schedulers_and_two_hundred_schedules_due_every_second(deployment: Deployment) -> None:
    """200 schedules due every second for 20 s: 4,000 slots, 4,000 rows, 4,000 executions."""
    deployment.start("scheduling.2")
    for number in range(200):
        deployment.create(
            f"load-{number:03}",
            actor="log_message",
            args={"message": "x"},
            every_seconds=1,
            starts_at="2100-01-01T00:00:00Z",
            overlap="allow",
            catchup="all",
        )
    deployment.execute(
        "UPDATE schedules SET starts_at = date_trunc('second', now()) + interval '3 s',"
        " ends_at = date_trunc('second', now()) + interval '22 s', next_due_at = now() WHERE name LIKE 'load-%'"
    )
    done = "SELECT count(*) FROM runs WHERE schedule_name LIKE 'load-%' AND state = 'succeeded' AND attempt = 1"
    eventually(lambda: deployment.query(done)[0][0] == 4000, 90, "all slots ran")
    rows = "SELECT count(*), count(DISTINCT (schedule_id, slot_at)), sum(slots) FROM runs"
    assert deployment.query(f"{rows} WHERE schedule_name LIKE 'load-%'")[0] == (4000, 4000, 4000)
    said = sum(line.count('"event": "message"') for line in deployment.log_path("worker").read_text().splitlines())
    assert said == 4000


def test_a_stopping_worker_gives_its_runs_back_without_using_a_retry(deployment: Deployment) -> None:
    """TERM to the whole group, twice, as platforms and process managers do."""
    deployment.create("long", actor="run_process", args={"argv": ["sleep", "33.25"]}, time_limit_seconds=100)
    run_id = deployment.trigger("long")
    eventually(lambda: deployment.run(run_id)["started_at"])
    deployment.start("worker.2", command="dramatiq actors -p 1 -t 2 --skip-logging")
    assert deployment.stop("worker", group=True, times=2) == 0
    eventually(lambda: deployment.run(run_id)["attempt"] == 2 and deployment.run(run_id)["state"] == "running", 20)
    run = deployment.run(run_id)
    assert [attempt["outcome"] for attempt in run["attempts"]] == ["interrupted"]
    assert instant(run["attempts"][0]["finished_at"]) > instant(run["attempts"][0]["started_at"])
    assert run["max_retries"] == 0


def test_a_duplicate_message_starts_nothing(deployment: Deployment, counter: RequestCounter) -> None:
    deployment.create("once", actor="http_request", args={"url": counter.url})
    run_id = deployment.trigger("once")
    deployment.finished(run_id)
    with pika.BlockingConnection(pika.URLParameters(deployment.environment["AMQP_URL"])) as connection:
        body = (
            '{"queue_name":"default","actor_name":"http_request","args":[],"kwargs":{},"message_id":"x",'
            f'"message_timestamp":1,"options":{{"run_id":"{run_id}","attempt":0}}}}'
        )
        channel = connection.channel()
        for _ in range(3):
            channel.basic_publish("", "default", body.encode())
        again = deployment.trigger("once")
        deployment.finished(again)
        assert eventually(lambda: channel.queue_declare("default", passive=True).method.message_count == 0)
    assert counter.by_run() == {run_id: 1, again: 1}
