"""Schedules: replace, change, delete; and edits that must find what they have read."""

from collections.abc import Callable
from typing import Any

import pytest
from falcon.testing import TestClient

PAST = "2020-01-01T00:00:00Z"


def test_put_creates_then_replaces(client: TestClient) -> None:
    first = client.simulate_put("/v1/schedules/a", json={"actor": "x", "priority": 7, "tags": ["t", "t"]})
    second = client.simulate_put("/v1/schedules/a", json={"name": "a", "actor": "y"})
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json["tags"] == ["t"]
    assert (second.json["id"], second.json["version"], second.json["priority"]) == (first.json["id"], 2, 5)


@pytest.mark.parametrize(("path", "name"), [("a", "b"), ("A", None), ("a%2Fb", None)])
def test_put_refuses_a_name_that_is_not_valid_or_not_the_paths(client: TestClient, path: str, name: str | None) -> None:
    answer = client.simulate_put(f"/v1/schedules/{path}", json={"actor": "x"} | ({"name": name} if name else {}))
    assert answer.status_code in (404, 422)
    assert client.simulate_get("/v1/schedules").json["items"] == []


def test_patch_changes_what_it_names_and_null_resets(client: TestClient, create: Callable[..., Any]) -> None:
    create(cron="0 0 * * *", priority=9, args={"a": 1, "b": 2}, description="old", max_retries=3)
    change = {"cron": None, "every_seconds": 60, "priority": None, "args": {"a": None, "c": 3}, "max_retries": None}
    changed = client.simulate_patch("/v1/schedules/nightly", json=change)
    assert changed.status_code == 200, changed.text
    assert {
        key: changed.json[key] for key in ("cron", "every_seconds", "priority", "args", "description", "version")
    } == {
        "cron": None,
        "every_seconds": 60,
        "priority": 5,
        "args": {"b": 2, "c": 3},
        "description": "old",
        "version": 2,
    }
    assert changed.json["max_retries"] == 0


def test_a_patch_may_be_called_one(client: TestClient, create: Callable[..., Any]) -> None:
    create()
    headers = {"Content-Type": "application/merge-patch+json"}
    assert client.simulate_patch("/v1/schedules/nightly", body=b'{"priority": 1}', headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("change", "pointer"),
    [({"colour": None}, "/colour"), ({"name": "b"}, "/name"), ({"actor": None}, "/actor"), ({"at": PAST}, "/at")],
)
def test_a_patch_that_is_not_valid_changes_nothing(
    client: TestClient, create: Callable[..., Any], change: dict[str, Any], pointer: str
) -> None:
    created = create(cron="0 0 * * *")
    answer = client.simulate_patch("/v1/schedules/nightly", json=change | {"priority": 1})
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json["errors"]] == [pointer]
    assert client.simulate_get("/v1/schedules/nightly").json == created


def test_a_deleted_schedule_leaves_its_history(client: TestClient, create: Callable[..., Any]) -> None:
    create()
    run = client.simulate_post("/v1/schedules/nightly/trigger").json
    assert client.simulate_delete("/v1/schedules/nightly").status_code == 204
    assert client.simulate_get("/v1/schedules/nightly").status_code == 404
    found = client.simulate_get("/v1/runs", query_string="schedule=nightly").json["items"]
    assert [item["id"] for item in found] == [run["id"]]


class TestPreconditions:
    def test_an_edit_with_the_current_tag_passes_and_changes_the_tag(
        self, client: TestClient, create: Callable[..., Any]
    ) -> None:
        create()
        tag = client.simulate_get("/v1/schedules/nightly").headers["ETag"]
        answer = client.simulate_patch("/v1/schedules/nightly", json={"priority": 1}, headers={"If-Match": tag})
        assert answer.status_code == 200
        assert answer.headers["ETag"] not in ("", tag)

    @pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
    def test_an_edit_with_an_old_tag_is_a_412(
        self, client: TestClient, create: Callable[..., Any], method: str
    ) -> None:
        create()
        tag = client.simulate_get("/v1/schedules/nightly").headers["ETag"]
        client.simulate_patch("/v1/schedules/nightly", json={"priority": 1})
        body = None if method == "DELETE" else {"actor": "x"}
        answer = client.simulate_request(method, "/v1/schedules/nightly", json=body, headers={"If-Match": tag})
        assert answer.status_code == 412
        assert client.simulate_get("/v1/schedules/nightly").json["version"] == 2

    def test_a_tag_does_not_survive_deletion_and_creation(self, client: TestClient, create: Callable[..., Any]) -> None:
        create()
        tag = client.simulate_get("/v1/schedules/nightly").headers["ETag"]
        client.simulate_delete("/v1/schedules/nightly")
        create()
        assert client.simulate_delete("/v1/schedules/nightly", headers={"If-Match": tag}).status_code == 412

    def test_put_can_be_kept_from_replacing_or_from_creating(
        self, client: TestClient, create: Callable[..., Any]
    ) -> None:
        create()
        body = {"actor": "x"}
        only_new, only_old = {"If-None-Match": "*"}, {"If-Match": "*"}
        assert client.simulate_put("/v1/schedules/nightly", json=body, headers=only_new).status_code == 412
        assert client.simulate_put("/v1/schedules/new", json=body, headers=only_old).status_code == 412
        assert client.simulate_put("/v1/schedules/new", json=body, headers=only_new).status_code == 201
