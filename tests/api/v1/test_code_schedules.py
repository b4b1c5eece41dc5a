"""Schedules declared in code: people may pause and trigger them, their definition is the code's."""

from collections.abc import Callable
from typing import Any

import pytest
from falcon.testing import TestClient


@pytest.fixture
def declared(create: Callable[..., Any], execute: Callable[..., Any]) -> None:
    create("nightly", cron="0 3 * * *")
    execute("UPDATE schedules SET source = 'code', announced_at = now()")


@pytest.mark.usefixtures("declared")
@pytest.mark.parametrize(
    ("method", "body"), [("PUT", {"actor": "log_message"}), ("PATCH", {"priority": 1}), ("DELETE", None)]
)
def test_an_edit_is_a_409_that_says_where_to_edit(client: TestClient, method: str, body: Any) -> None:
    answer = (
        client.simulate_request(method, "/v1/schedules/nightly", json=body)
        if body
        else client.simulate_request(method, "/v1/schedules/nightly")
    )
    assert answer.status_code == 409
    assert "code" in answer.json["detail"]
    assert client.simulate_get("/v1/schedules/nightly").json["version"] == 1


@pytest.mark.usefixtures("declared")
def test_it_can_be_paused_resumed_and_triggered(client: TestClient) -> None:
    assert client.simulate_post("/v1/schedules/nightly/pause", json={}).json["paused_at"] is not None
    assert client.simulate_post("/v1/schedules/nightly/trigger", json={}).status_code == 202
    assert client.simulate_post("/v1/schedules/nightly/resume", json={}).json["paused_at"] is None


@pytest.mark.usefixtures("declared")
def test_one_that_no_code_declares_any_more_can_be_deleted(client: TestClient, execute: Callable[..., Any]) -> None:
    execute("UPDATE schedules SET announced_at = NULL")
    assert client.simulate_delete("/v1/schedules/nightly").status_code == 204
