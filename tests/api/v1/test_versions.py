"""The definitions that a schedule had, and the way back to one."""

from collections.abc import Callable
from typing import Any

import pytest
from falcon.testing import TestClient


def versions(client: TestClient, name: str = "nightly") -> list[dict[str, Any]]:
    return client.simulate_get(f"/v1/schedules/{name}/versions").json["items"]


def test_each_edit_is_a_version_with_what_it_changed(client: TestClient, create: Callable[..., Any]) -> None:
    create("nightly", cron="0 2 * * *")
    client.simulate_patch("/v1/schedules/nightly", json={"cron": "0 3 * * *", "tags": ["night"]})
    newest, oldest = versions(client)
    assert (newest["version"], newest["action"], newest["who"]) == (2, "schedule.update", "admin")
    assert sorted(newest["changes"], key=lambda change: change["field"]) == [
        {"field": "cron", "before": ["0 2 * * *"], "after": ["0 3 * * *"]},
        {"field": "tags", "before": [], "after": ["night"]},
    ]
    assert (oldest["version"], oldest["action"]) == (1, "schedule.create")
    assert (oldest["definition"]["cron"], oldest["definition"]["actor"]) == (["0 2 * * *"], "log_message")


def test_going_back_is_a_version_of_its_own(client: TestClient, create: Callable[..., Any]) -> None:
    before = create("nightly", cron="0 2 * * *", args={"message": "a"}, starts_at="2030-01-01T00:00:00Z")
    client.simulate_put("/v1/schedules/nightly", json={"actor": "other", "every_seconds": 60})
    answer = client.simulate_post("/v1/schedules/nightly/rollback", json={"version": 1})
    assert (answer.status_code, answer.json["version"]) == (200, 3)
    for field in ("actor", "cron", "every_seconds", "args", "starts_at", "timezone"):
        assert answer.json[field] == before[field]
    assert [each["action"] for each in versions(client)] == ["schedule.rollback", "schedule.update", "schedule.create"]


@pytest.mark.parametrize(("version", "status"), [(7, 404), (0, 422), (2**40, 422), ("1", 422)])
def test_there_is_no_way_back_to_what_never_was(
    client: TestClient, create: Callable[..., Any], version: Any, status: int
) -> None:
    create("nightly")
    answer = client.simulate_post("/v1/schedules/nightly/rollback", json={"version": version})
    assert answer.status_code == status
    assert client.simulate_get("/v1/schedules/nightly").json["version"] == 1


def test_versions_survive_and_go_on_counting(client: TestClient, create: Callable[..., Any]) -> None:
    create("nightly", cron="0 2 * * *")
    client.simulate_patch("/v1/schedules/nightly", json={"cron": "0 3 * * *"})
    client.simulate_delete("/v1/schedules/nightly")
    assert [each["version"] for each in versions(client)] == [2, 1]
    assert create("nightly")["version"] == 3
    assert [each["version"] for each in versions(client)] == [3, 2, 1]


def test_of_what_never_was_there_is_nothing(client: TestClient) -> None:
    assert client.simulate_get("/v1/schedules/never/versions").status_code == 404


def test_a_schedule_may_begin_paused(client: TestClient) -> None:
    made = client.simulate_post("/v1/schedules", json={"name": "a", "actor": "x", "every_seconds": 1, "paused": True})
    assert made.status_code == 201
    assert (made.json["paused_at"] is not None, made.json["paused_by"], made.json["next_due_at"]) == (
        True,
        "admin",
        None,
    )
    assert client.simulate_post("/v1/schedules/a/resume").json["next_due_at"] is not None
