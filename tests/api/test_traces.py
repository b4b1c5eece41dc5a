"""Which trace a run is of, as the API says it."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from falcon.testing import TestClient

from config.telemetry.traceparent import own_trace

Create = Callable[..., Any]

ASKING = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
TRIGGER = "/v1/schedules/nightly/trigger"


def test_a_run_that_is_asked_for_is_in_the_trace_of_who_asks(client: TestClient, create: Create) -> None:
    create()
    run = client.simulate_post(TRIGGER, headers={"traceparent": ASKING}).json
    assert run["trace"] == ASKING
    assert client.simulate_get(f"/v1/runs/{run['id']}").json["trace"] == ASKING


@pytest.mark.parametrize("header", [{}, {"traceparent": "00-a"}, {"traceparent": ASKING.upper()}])
def test_where_who_asks_says_nothing_of_use_it_is_in_one_of_its_own(
    client: TestClient, create: Create, header: dict[str, str]
) -> None:
    create()
    client.simulate_get("/v1/schedules", headers={"traceparent": ASKING})  # of another request, in the same thread
    run = client.simulate_post(TRIGGER, headers=header).json
    assert run["trace"] == own_trace(UUID(run["id"]))
    [listed] = client.simulate_get("/v1/runs").json["items"]
    assert listed["trace"] == run["trace"]


def test_all_of_one_request_are_in_one_trace(client: TestClient, create: Create) -> None:
    create("one")
    create("two")
    body = {"action": "trigger", "filter": {}}
    assert client.simulate_post("/v1/schedules/bulk", json=body, headers={"traceparent": ASKING}).status_code == 200
    runs = client.simulate_get("/v1/runs").json["items"]
    assert [run["trace"] for run in runs] == [ASKING, ASKING]


def test_a_slot_that_is_skipped_is_in_none(client: TestClient, create: Create) -> None:
    create()
    client.simulate_post(TRIGGER, headers={"traceparent": ASKING})
    skipped = client.simulate_post(TRIGGER).json
    assert (skipped["state"], skipped["trace"]) == ("skipped", None)
