"""Queues: what is on its way through each, pause and resume."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from falcon.testing import TestClient

from models.sql.wake import CHANNEL
from models.words.states import SkipReason, State

Insert = Callable[..., UUID]


def _queues(client: TestClient, query: str = "") -> dict[str, dict[str, Any]]:
    answer = client.simulate_get("/v1/queues", query_string=query)
    assert answer.status_code == 200, answer.text
    return {item["name"]: item for item in answer.json["items"]}


def test_queues_of_actors_runs_and_pauses_are_known(
    client: TestClient, announce: Callable[..., None], add_run: Insert
) -> None:
    announce(ago=90_000)
    add_run(queue="reports")
    add_run(queue="past", state=State.SKIPPED, reason=SkipReason.MISSED)
    client.simulate_post("/v1/queues/planned_work/pause")
    assert list(_queues(client)) == ["mail", "planned_work", "reports"]
    page = client.simulate_get("/v1/queues?limit=1").json
    assert (page["items"][0]["name"], page["next"]) == ("mail", "mail")
    assert list(_queues(client, "cursor=mail&limit=2")) == ["planned_work", "reports"]


def test_runs_on_their_way_are_counted(client: TestClient, add_run: Insert) -> None:
    for age in (10, 20, -3600):
        add_run(age_seconds=age, queue="mail")
    add_run(queue="mail", columns={"state": "retrying"}, age_seconds=5)
    add_run(queue="mail", columns={"state": "queued"})
    for queue in ("mail", "reports"):
        add_run(queue=queue, columns={"worker_id": uuid4(), "state": "running"})
    counts = {name: (queue["planned"], queue["queued"], queue["running"]) for name, queue in _queues(client).items()}
    assert counts == {"mail": (3, 1, 1), "reports": (0, 0, 1)}


def test_a_pause_says_who_and_why(client: TestClient) -> None:
    answer = client.simulate_post("/v1/queues/mail/pause", json={"reason": "the server moves"})
    assert answer.status_code == 200, answer.text
    paused = answer.json
    assert (paused["paused"], paused["paused_by"], paused["pause_reason"]) == (True, "admin", "the server moves")
    assert paused == _queues(client)["mail"]


def test_pausing_again_changes_only_the_reason(client: TestClient) -> None:
    first = client.simulate_post("/v1/queues/mail/pause", json={"reason": "a"}).json
    again = client.simulate_post("/v1/queues/mail/pause", json={"reason": "b"}).json
    assert (again["paused_at"], again["pause_reason"]) == (first["paused_at"], "b")


def test_a_queue_can_be_resumed_again_and_again(client: TestClient) -> None:
    client.simulate_post("/v1/queues/mail/pause")
    for _ in range(2):
        answer = client.simulate_post("/v1/queues/mail/resume")
        assert (answer.status_code, answer.json["paused"], answer.json["paused_at"]) == (200, False, None)
    assert _queues(client) == {}


@pytest.mark.parametrize("name", ["1st", "a b", "x" * 129, "a%2Fb"])
@pytest.mark.parametrize("act", ["pause", "resume"])
def test_a_name_that_no_queue_can_have_is_refused(shared_client: TestClient, name: str, act: str) -> None:
    answer = shared_client.simulate_post(f"/v1/queues/{name}/{act}")
    assert answer.status_code in (404, 422)
    if answer.status_code == 422:
        assert answer.json["errors"][0]["pointer"] == "/name"


def test_a_pause_has_no_end(shared_client: TestClient) -> None:
    answer = shared_client.simulate_post("/v1/queues/mail/pause", json={"until": "2030-01-01T00:00:00Z"})
    assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, "/until")


def test_schedulers_are_woken(client: TestClient, database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as listener:
        listener.execute(f"LISTEN {CHANNEL}")
        client.simulate_post("/v1/queues/mail/pause")
        client.simulate_post("/v1/queues/mail/resume")
        assert len(list(listener.notifies(timeout=5, stop_after=2))) == 2
