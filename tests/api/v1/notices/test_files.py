"""Channels in files: applied with the schedules, all or nothing, and exported again."""

from collections.abc import Callable
from typing import Any

import pytest
from falcon.testing import Result, TestClient

from tests.api.access.conftest import give_token

__all__ = ["give_token"]

OPS = {"kind": "slack", "url": "https://hooks.example.com/T0/secret", "events": ["failed"], "quiet_seconds": 60}
MAIL = {"kind": "email", "to": "ops@example.com", "filter": {"tags": ["crm"]}}
HOURLY = {"actor": "log_message", "args": {"message": "x"}, "cron": "0 * * * *"}
Apply = Callable[..., Result]


@pytest.fixture
def apply(client: TestClient) -> Apply:
    def post(**body: Any) -> Result:
        return client.simulate_post("/v1/apply", json={"source": "crm", **body})

    return post


def names(client: TestClient) -> list[str]:
    return [item["name"] for item in client.simulate_get("/v1/channels").json["items"]]


def test_channels_of_a_file_are_created_changed_and_pruned(client: TestClient, apply: Apply) -> None:
    created = apply(schedules={"one": HOURLY}, channels={"ops": OPS, "mail": MAIL}).json
    assert [(each["kind"], each["name"]) for each in created["create"]] == [
        ("schedule", "one"),
        ("channel", "mail"),
        ("channel", "ops"),
    ]
    assert client.simulate_get("/v1/channels/ops").json["source"] == "file:crm"
    assert apply(schedules={"one": HOURLY}, channels={"ops": OPS, "mail": MAIL}).json["unchanged"] == 3
    moved = OPS | {"url": "https://hooks.example.com/T1/secret", "events": ["failed", "late"]}
    (update,) = apply(channels={"ops": moved}).json["update"]
    assert [change["field"] for change in update["changes"]] == ["url", "events"]
    assert update["changes"][0]["after"] == "https://hooks.example.com/…"
    assert client.simulate_get("/v1/channels/ops").json["url"] == moved["url"]
    pruned = apply(channels={"ops": moved}, prune=True, dry_run=True).json
    assert [each["name"] for each in pruned["delete"]] == ["one", "mail"]
    assert names(client) == ["mail", "ops"]
    apply(channels={"ops": moved}, prune=True)
    assert names(client) == ["ops"]


def test_what_is_exported_changes_nothing_when_applied(client: TestClient, apply: Apply) -> None:
    apply(schedules={"one": HOURLY}, channels={"ops": OPS, "mail": MAIL})
    exported = client.simulate_get("/v1/export").json
    assert exported["channels"] == {"ops": OPS, "mail": MAIL}
    again = client.simulate_post("/v1/apply", json=exported | {"prune": True}).json
    assert (again["unchanged"], again["create"], again["update"], again["delete"]) == (3, [], [], [])
    assert "channels" not in client.simulate_get("/v1/export?prefix=o").json


def test_what_somebody_else_owns_is_a_conflict_and_nothing_is_written(client: TestClient, apply: Apply) -> None:
    client.simulate_put("/v1/channels/ops", json=OPS)
    answer = apply(schedules={"one": HOURLY}, channels={"ops": OPS, "mail": MAIL})
    assert answer.status_code == 409
    assert answer.json["conflicts"] == [{"kind": "channel", "name": "ops", "source": "api"}]
    assert names(client) == ["ops"]
    assert client.simulate_get("/v1/schedules/one").status_code == 404
    assert apply(channels={"ops": OPS}, adopt=True).status_code == 200
    assert client.simulate_get("/v1/channels/ops").json["source"] == "file:crm"
    assert client.simulate_put("/v1/channels/ops", json=OPS).json["source"] == "file:crm"


def test_faults_point_into_the_file(client: TestClient, apply: Apply) -> None:
    answer = apply(schedules={"one": HOURLY}, channels={"ops": OPS | {"to": "ops@example.com"}})
    assert [error["pointer"] for error in answer.json["errors"]] == ["/channels/ops/to"]
    assert client.simulate_get("/v1/schedules").json["items"] == []


def test_only_admins_write_channels(client: TestClient, give_token: Callable[..., TestClient]) -> None:
    editor = give_token("editor")
    body = {"source": "crm", "schedules": {"one": HOURLY}}
    assert editor.simulate_post("/v1/apply", json=body | {"channels": {"ops": OPS}}).status_code == 403
    assert editor.simulate_post("/v1/apply", json=body | {"prune": True}).status_code == 200
    assert client.simulate_post("/v1/apply", json=body | {"channels": {"ops": OPS}}).status_code == 200
    assert editor.simulate_post("/v1/apply", json=body).status_code == 200
    assert editor.simulate_post("/v1/apply", json=body | {"prune": True}).status_code == 403
    assert names(client) == ["ops"]
    assert "channels" not in editor.simulate_get("/v1/export").json
