"""Why what waits in a queue waits."""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from falcon.testing import TestClient

from models.queues import COUNTED
from tests.models.rows import add_worker, announce

Insert = Callable[..., UUID]
Execute = Callable[..., Any]


@pytest.fixture
def queue(client: TestClient) -> Callable[..., Any]:
    """A queue as it is listed, and as its own pause shows it."""

    def get(name: str = "mail") -> Any:
        listed = {item["name"]: item for item in client.simulate_get("/v1/queues").json["items"]}
        return listed[name]

    return get


@pytest.fixture
def served(engine: Any, execute: Execute) -> Execute:
    """A scheduling process, and a worker of two threads that knows the actor log_message in the queue mail."""
    with engine.begin() as connection:
        announce(connection, "log_message", queue="mail")
        add_worker(connection, "mail", actors=["log_message"])
    execute("UPDATE workers SET threads = 2")
    execute("INSERT INTO schedulers VALUES (gen_random_uuid(), 'h', 1, now(), now())")
    return execute


def why(queue: Any) -> tuple[Any, Any]:
    return queue["waiting_for"], queue["because"]


def test_where_nothing_waits_there_is_no_reason(queue: Any, served: Execute, add_run: Insert) -> None:
    add_run(queue="mail", age_seconds=-3600)  # not yet due
    assert (why(queue()), queue()["oldest_waiting_seconds"], queue()["threads"]) == ((None, None), None, 2)


def test_what_is_about_to_be_published_waits_for_nothing(queue: Any, served: Execute, add_run: Insert) -> None:
    add_run(queue="mail")
    assert why(queue()) == (None, None)
    assert 0 <= queue()["oldest_waiting_seconds"] < 60


def test_what_people_have_decided_comes_first(client: TestClient, queue: Any, add_run: Insert) -> None:
    add_run(queue="mail", age_seconds=90)
    client.simulate_post("/v1/queues/mail/pause", json={"reason": "the server moves"})
    expected = ("queue", "the queue is paused by admin until it is resumed: the server moves")
    assert why(queue()) == expected
    assert why(client.simulate_post("/v1/queues/mail/pause", json={"reason": "the server moves"}).json) == expected
    assert 90 <= queue()["oldest_waiting_seconds"] < 150
    client.simulate_post("/v1/hold", json={"reason": "a new disk", "until": "2099-01-01T00:00:00Z"})
    assert why(queue()) == ("hold", "everything is held by admin until 2099-01-01T00:00:00Z: a new disk")
    client.simulate_post("/v1/hold", json={"reason": "it takes longer"})
    assert why(queue()) == ("hold", "everything is held by admin: it takes longer")
    client.simulate_post("/v1/release")
    resumed = client.simulate_post("/v1/queues/mail/resume").json
    assert why(resumed) == ("actor", "no worker has announced the actor log_message")


def test_what_is_in_the_broker_waits_for_the_same(client: TestClient, queue: Any, add_run: Insert) -> None:
    add_run(queue="mail", columns={"state": "queued"})
    assert why(queue())[0] == "actor"
    client.simulate_post("/v1/queues/mail/pause")
    assert why(queue()) == ("queue", "the queue is paused by admin until it is resumed")


def test_without_a_worker_that_knows_the_actor(queue: Any, served: Execute, add_run: Insert) -> None:
    add_run(queue="reports")
    assert why(queue("reports")) == ("worker", "no worker of this queue knows the actor log_message")
    served("UPDATE workers SET last_seen_at = now() - interval '2 minutes'")
    add_run(queue="mail")
    assert why(queue()) == ("worker", "no worker of this queue knows the actor log_message")


def test_without_scheduling(queue: Any, served: Execute, add_run: Insert) -> None:
    add_run(queue="mail")
    served("UPDATE schedulers SET ticked_at = now() - interval '3 minutes'")
    assert why(queue())[0] == "scheduling"
    assert "no scheduling process has done a round for 3 minutes" in queue()["because"]
    served("DELETE FROM schedulers")
    assert why(queue()) == ("scheduling", "no scheduling process has ever done a round")


def test_behind_an_earlier_run_of_its_schedule(
    queue: Any, served: Execute, add_run: Insert, create: Callable[..., Any]
) -> None:
    schedule = UUID(create("nightly", overlap="buffer_all", queue="mail")["id"])
    for columns in ({"worker_id": uuid4(), "state": "running"}, {}):
        add_run(queue="mail", schedule_id=schedule, overlap="buffer_all", columns=columns)
    assert why(queue()) == ("overlap", "an earlier run of the schedule nightly is active")


def test_while_the_broker_has_its_fill_and_all_threads_are_busy(queue: Any, served: Execute, add_run: Insert) -> None:
    for _ in range(3):
        add_run(queue="mail", age_seconds=20, columns={"state": "queued", "priority": 9})
    assert why(queue()) == (None, None)  # they are on their way
    [(worker,)] = served("SELECT id FROM workers WHERE actors @> '[\"log_message\"]' LIMIT 1")
    served("UPDATE workers SET queues = '[\"other\"]' WHERE id <> %(id)s", id=worker)
    for _ in range(4):
        add_run(queue="mail", columns={"worker_id": worker, "state": "running"})
    assert why(queue()) == ("busy", "the broker has it, and all 2 threads of its workers are busy")
    add_run(queue="mail", age_seconds=10)
    assert why(queue()) == (
        "window",
        "it waits for room among the 3 runs that the broker has, and all 2 threads of its workers are busy",
    )
    assert queue()["oldest_waiting_seconds"] >= 20
    served("DELETE FROM runs WHERE state = 'running'")
    assert why(queue()) == ("window", "it waits for room among the 3 runs that the broker has")


def test_a_worker_that_is_drained_serves_nobody(queue: Any, served: Execute, add_run: Insert) -> None:
    served("UPDATE workers SET drain_requested_at = now()")
    add_run(queue="mail")
    assert (why(queue())[0], queue()["threads"]) == ("worker", 0)


def test_counts_are_bounded_for_each_queue(queue: Any, served: Execute, add_run: Insert) -> None:
    run = add_run(queue="mail", age_seconds=30)
    copy = (
        "INSERT INTO runs SELECT (jsonb_populate_record(r, jsonb_build_object('id', overlay(r.id::text placing"
        " lpad(to_hex(n), 12, '0') from 25)) || %(changes)s::jsonb)).* FROM runs r, generate_series(1, %(count)s) n"
        " WHERE r.id = %(id)s"
    )
    served(copy, id=run, count=COUNTED + 10, changes=json.dumps({}))
    other = add_run(queue="few")
    served(copy, id=other, count=5, changes=json.dumps({"priority": 7}))
    assert (queue()["planned"], queue("few")["planned"]) == (COUNTED, 6)
