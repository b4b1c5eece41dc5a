"""Every write is noted in its transaction, with who did it, and what was before and after."""

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from falcon.testing import TestClient

from tests.models.rows import announce
from tests.scheduling.declaring import declare


def acts(client: TestClient, query: str = "") -> list[dict[str, Any]]:
    return client.simulate_get(f"/v1/audit{query}").json["items"]


def test_each_act_is_noted(client: TestClient, create: Callable[..., Any]) -> None:
    create("nightly", cron="0 2 * * *")
    client.simulate_patch("/v1/schedules/nightly", json={"cron": "0 3 * * *"})
    client.simulate_post("/v1/schedules/nightly/pause", json={"reason": "holidays"})
    client.simulate_post("/v1/schedules/nightly/resume")
    run = client.simulate_post("/v1/schedules/nightly/trigger").json["id"]
    client.simulate_post(f"/v1/runs/{run}/cancel")
    again = client.simulate_post(f"/v1/runs/{run}/retry").json["id"]
    client.simulate_post("/v1/queues/default/pause", json={"reason": "maintenance"})
    client.simulate_post("/v1/queues/default/resume")
    client.simulate_post("/v1/schedules/nightly/rollback", json={"version": 1, "reason": "sorry"})
    client.simulate_delete("/v1/schedules/nightly")
    noted = acts(client)
    schedule = "schedules/nightly"
    assert [(act["action"], act["target"], act["reason"]) for act in reversed(noted)] == [
        ("schedule.create", schedule, None),
        ("schedule.update", schedule, None),
        ("schedule.pause", schedule, "holidays"),
        ("schedule.resume", schedule, None),
        ("schedule.trigger", schedule, None),
        ("run.cancel", f"runs/{run}", None),
        ("run.retry", f"runs/{run}", None),
        ("queue.pause", "queues/default", "maintenance"),
        ("queue.resume", "queues/default", None),
        ("schedule.rollback", schedule, "sorry"),
        ("schedule.delete", schedule, None),
    ]
    assert {(act["who"], act["role"]) for act in noted} == {("admin", "admin")}
    by_action = {act["action"]: act for act in noted}
    assert by_action["schedule.update"]["before"] == {"cron": ["0 2 * * *"]}
    assert by_action["schedule.update"]["after"] == {"cron": ["0 3 * * *"]}
    assert by_action["schedule.resume"]["before"]["reason"] == "holidays"
    assert by_action["run.retry"]["after"]["run"] == again
    assert by_action["schedule.delete"]["before"]["cron"] == ["0 2 * * *"]


def test_what_is_refused_is_not_noted(client: TestClient, create: Callable[..., Any]) -> None:
    create("nightly")
    before = len(acts(client))
    for method, path, body in (
        ("POST", "/v1/schedules", {"name": "nightly", "actor": "x"}),
        ("PATCH", "/v1/schedules/nightly", {"cron": "nonsense"}),
        ("POST", "/v1/schedules/nightly/pause", {"until": "2020-01-01T00:00:00Z"}),
        ("POST", "/v1/schedules/nightly/rollback", {"version": 9}),
    ):
        assert client.simulate_request(method, path, json=body).status_code >= 400
    assert len(acts(client)) == before


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?target=schedules/a", {"schedules/a"}),
        ("?target=schedules", {"schedules/a", "schedules/ab"}),
        ("?action=token.create", {"tokens/ann"}),
        ("?who=nobody", set()),
        ("?since=2020-01-01T00:00:00Z&until=2020-01-02T00:00:00Z", set()),
        ("?since=2020-01-01T00:00:00Z", {"schedules/a", "schedules/ab", "tokens/ann"}),
    ],
)
def test_filters(client: TestClient, create: Callable[..., Any], query: str, found: set[str]) -> None:
    create("a")
    create("ab")
    client.simulate_post("/v1/tokens", json={"name": "ann", "role": "viewer"})
    assert {act["target"] for act in acts(client, query)} == found


def test_pages_go_on_where_the_one_before_ended(client: TestClient, create: Callable[..., Any]) -> None:
    for number in range(5):
        create(f"n{number}")
    page = client.simulate_get("/v1/audit?limit=3").json
    rest = client.simulate_get(f"/v1/audit?limit=3&cursor={page['next']}").json
    targets = [act["target"] for act in page["items"] + rest["items"]]
    assert targets == [f"schedules/n{number}" for number in (4, 3, 2, 1, 0)]
    assert rest["next"] is None


def test_what_callsheet_does_by_itself_is_noted_too(
    client: TestClient, engine: sa.Engine, create: Callable[..., Any]
) -> None:
    with engine.begin() as connection:
        announce(connection)
        declare(connection)
        declare(connection, timezone="Asia/Tokyo")
    assert [(act["who"], act["action"], act["after"].get("timezone")) for act in acts(client)] == [
        ("callsheet", "schedule.declare", "Asia/Tokyo"),
        ("callsheet", "schedule.create", "UTC"),
    ]
