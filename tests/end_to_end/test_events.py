"""Events: whoever listens to the exchange is told of every transition, in order for each run, whoever dies."""

import json
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pika
import pytest

from tests.end_to_end.deployment import Deployment
from tests.servers.rabbitmq import RabbitNode
from tests.waiting import eventually

EXCHANGE = "callsheet.events"
ALL = '["planned", "queued", "running", "retrying", "succeeded", "failed", "cancelled", "skipped"]'
SCHEDULES, MORE, RUNS = 60, 200, 2000
FROZEN_SECONDS = 20
"""Longer than the lease of a relay."""


class Subscriber:
    """A queue of its own, bound to all events."""

    def __init__(self, url: str) -> None:
        self._connection = pika.BlockingConnection(pika.URLParameters(url))
        self._channel = self._connection.channel()
        self._channel.exchange_declare(EXCHANGE, exchange_type="topic", durable=True)
        self._channel.queue_declare("subscriber", durable=True)
        self._channel.queue_bind("subscriber", EXCHANGE, "#")
        self.events: list[dict[str, Any]] = []
        self.keys: list[str] = []

    def take(self) -> list[dict[str, Any]]:
        """What has come so far."""
        while True:
            method, properties, body = self._channel.basic_get("subscriber", auto_ack=True)
            if method is None:
                return self.events
            event = json.loads(body)
            assert properties.content_type == "application/cloudevents+json"
            assert properties.message_id == event["id"]
            self.keys.append(method.routing_key)
            self.events.append(event)

    def close(self) -> None:
        self._connection.close()


@pytest.fixture
def told(tmp_path: Path, database_url: str, amqp_url: str) -> Iterator[Deployment]:
    settings = {"CALLSHEET_EVENTS__STATES": ALL}
    with Deployment(tmp_path, database_url, amqp_url, settings) as running:
        yield running.start("web", "scheduling", "worker").ready()


@pytest.fixture
def subscriber(amqp_url: str) -> Iterator[Subscriber]:
    listening = Subscriber(amqp_url)
    yield listening
    listening.close()


def states_of(events: list[dict[str, Any]]) -> dict[str, list[tuple[int, str]]]:
    """By run, its attempts and states in the order in which they were first told."""
    seen, found = set(), defaultdict(list)
    for event in events:
        if event["id"] not in seen and event["type"].startswith("callsheet.run."):
            seen.add(event["id"])
            found[event["data"]["run_id"]].append((event["data"]["attempt"], event["data"]["state"]))
    return found


def is_queued_again(event: dict[str, Any], first: dict[str, Any]) -> bool:
    """A run whose publisher was killed is queued a second time, at another."""
    return event["data"]["state"] == "queued" and event == first | {"time": event["time"]}


def test_a_run_is_told_of_from_its_row_to_its_end(told: Deployment, subscriber: Subscriber) -> None:
    told.create("good", actor="log_message", args={"message": "hi"})
    run = told.finished(told.trigger("good"))
    told.api.post("/v1/schedules/good/pause", json={"reason": "lunch"})

    def has_come() -> list[dict[str, Any]]:
        events = subscriber.take()
        return events if any(each["type"] == "callsheet.schedule.paused" for each in events) else []

    events = eventually(has_come)
    mine = [event for event in events if event["data"].get("run_id") == run["id"]]
    assert [event["type"] for event in mine][-2:] == ["callsheet.run.running", "callsheet.run.succeeded"]
    others = [event["type"].removeprefix("callsheet.") for event in events if event.get("subject") == "good"]
    assert [kind for kind in others if kind.startswith("schedule.")] == ["schedule.created", "schedule.paused"]
    assert "run.succeeded.log_message" in subscriber.keys
    assert "schedule.paused.good" in subscriber.keys
    end = mine[-1]
    assert end["id"] == f"{run['id']}.1.succeeded"
    assert (end["specversion"], end["source"], end["subject"]) == ("1.0", "/callsheet", "good")
    assert end["data"]["started_at"] == run["started_at"]
    assert end["data"]["finished_at"] == run["finished_at"]
    assert set(end["data"]) == {
        *("run_id", "schedule", "actor", "queue", "state", "reason", "attempt", "trigger", "slot_at", "due_at"),
        *("started_at", "finished_at", "lateness_seconds", "duration_seconds", "error_type"),
    }


@pytest.fixture
def fragile(tmp_path: Path, database_url: str, own_rabbitmq: RabbitNode) -> Iterator[Deployment]:
    """On a RabbitMQ of its own, to be restarted under it."""
    with Deployment(tmp_path, database_url, own_rabbitmq.url, {"CALLSHEET_EVENTS__STATES": ALL}) as running:
        yield running.start("web", "scheduling", "scheduling.2", "worker").ready()


def test_no_transition_is_lost_whoever_dies(fragile: Deployment, own_rabbitmq: RabbitNode) -> None:
    listening = Subscriber(own_rabbitmq.url)
    listening.close()  # its queue stays
    for number in range(SCHEDULES):
        fragile.create(
            f"s{number}", actor="log_message", args={"message": "x"}, every_seconds=1, overlap="allow", max_retries=3
        )
    for name in ("worker", "scheduling", "worker", "scheduling.2"):
        _wait_for_more(fragile, MORE)
        fragile.kill(name)
        fragile.start(name)
    _wait_for_more(fragile, MORE)
    own_rabbitmq.restart()
    _wait_for_more(fragile, MORE)
    for name in ("scheduling", "scheduling.2"):
        fragile.process(name).suspend()
        time.sleep(FROZEN_SECONDS)
        fragile.process(name).resume()
    fragile.api.post("/v1/schedules/bulk", json={"action": "pause", "filter": {}}).raise_for_status()
    eventually(lambda: fragile.query("SELECT count(*) FROM runs WHERE finished_at IS NULL") == [(0,)], 60)
    eventually(lambda: fragile.query("SELECT numbered = sent FROM event_relay") == [(True,)], 60)
    eventually(lambda: fragile.query("SELECT count(*) FROM events WHERE position IS NULL") == [(0,)], 60)

    listening = Subscriber(own_rabbitmq.url)
    events = listening.take()
    first = {event["id"]: event for event in reversed(events)}
    changed = [(event, first[event["id"]]) for event in events if event != first[event["id"]]]
    assert [pair for pair in changed if not is_queued_again(*pair)] == [], "what is told again is the same"
    seen = states_of(events)
    ends = fragile.query("SELECT id::text, state, attempt, attempts FROM runs WHERE schedule_name ~ '^s[0-9]+$'")
    assert len(ends) > RUNS
    for run, state, attempt, attempts in ends:
        told = seen[run]
        assert told[-1] == (attempt, state), (run, told)
        ended = [each["number"] for each in attempts]
        assert [number for number, what in told if what == "running"] == ended, (run, told)
    listening.close()


def _wait_for_more(deployment: Deployment, runs: int) -> None:
    [(before,)] = deployment.query("SELECT count(*) FROM runs WHERE state = 'succeeded'")
    more = "SELECT count(*) FROM runs WHERE state = 'succeeded'"
    eventually(lambda: deployment.query(more)[0][0] >= before + runs, 60)
