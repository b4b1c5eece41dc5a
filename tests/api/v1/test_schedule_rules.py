"""What is refused in a schedule: 422, pointing at the field, and nothing is stored."""

from collections.abc import Callable
from typing import Any

import pytest
from falcon.testing import TestClient

from models.words.states import Overlap


@pytest.mark.parametrize(
    ("fields", "pointers"),
    [
        ({"colour": "red"}, ["/colour"]),
        ({"on_success": ["b"]}, ["/on_success"]),
        ({"calendars": []}, ["/calendars"]),
        ({"name": "Has Spaces"}, ["/name"]),
        ({"name": "a" * 129}, ["/name"]),
        ({"name": "a\n"}, ["/name"]),
        ({"actor": ""}, ["/actor"]),
        ({"args": ["positional"]}, ["/args"]),
        ({"args": {"a": "x" * 65_536}}, ["/args"]),
        ({"description": "x" * 10_001}, ["/description"]),
        ({"priority": 10}, ["/priority"]),
        ({"priority": "5"}, ["/priority"]),
        ({"priority": True}, ["/priority"]),
        ({"priority": None}, ["/priority"]),
        ({"cron": "61 * * * *"}, ["/cron"]),
        ({"cron": ["* * * * *", "bad"]}, ["/cron/1"]),
        ({"cron": []}, ["/cron"]),
        ({"cron": 5}, ["/cron"]),
        ({"cron": "0 0 31 2 *"}, ["/cron"]),
        ({"cron": "* * * * *", "timezone": "Mars/Olympus"}, ["/timezone"]),
        ({"timezone": "Mars/Olympus"}, ["/timezone"]),
        ({"cron": "* * * * *", "every_seconds": 60}, ["/every_seconds"]),
        ({"cron": "* * * * *", "at": "2030-01-01T00:00:00Z"}, ["/at"]),
        ({"every_seconds": 60, "at": "2030-01-01T00:00:00Z"}, ["/at"]),
        ({"cron": "* * * * *", "every_seconds": 60, "at": "2030-01-01T00:00:00Z"}, ["/every_seconds", "/at"]),
        ({"every_seconds": 0.5}, ["/every_seconds"]),
        ({"every_seconds": 1e12}, ["/every_seconds"]),
        ({"at": "2030-01-01T00:00:00"}, ["/at"]),
        ({"at": "2030-01-01"}, ["/at"]),
        ({"at": 1893456000}, ["/at"]),
        ({"at": "2030-02-30T00:00:00Z"}, ["/at"]),
        ({"at": "9999-12-31T23:59:59Z"}, ["/at"]),
        ({"at": "0001-01-01T00:00:00+14:00"}, ["/at"]),
        ({"starts_at": "2030-01-02T00:00:00Z", "ends_at": "2030-01-01T00:00:00Z"}, ["/ends_at"]),
        ({"jitter_seconds": -1}, ["/jitter_seconds"]),
        ({"every_seconds": 60, "jitter_seconds": 60}, ["/jitter_seconds"]),
        ({"every_seconds": 60, "jitter_seconds": 61}, ["/jitter_seconds"]),
        ({"cron": "*/5 * * * *", "jitter_seconds": 300}, ["/jitter_seconds"]),
        ({"cron": ["0 0 * * *", "1 0 * * *"], "jitter_seconds": 60}, ["/jitter_seconds"]),
        ({"overlap": "maybe"}, ["/overlap"]),
        ({"catchup": "some"}, ["/catchup"]),
        ({"max_retries": -1}, ["/max_retries"]),
        ({"max_retries": 1.5}, ["/max_retries"]),
        ({"min_backoff_seconds": 10, "max_backoff_seconds": 5}, ["/min_backoff_seconds"]),
        ({"min_backoff_seconds": 3601}, ["/min_backoff_seconds"]),
        ({"time_limit_seconds": 0}, ["/time_limit_seconds"]),
        ({"max_runs": 0}, ["/max_runs"]),
        ({"max_runs": -1}, ["/max_runs"]),
        ({"pause_after_failures": 0}, ["/pause_after_failures"]),
        ({"start_deadline_seconds": 0}, ["/start_deadline_seconds"]),
        ({"notify_late_seconds": 0}, ["/notify_late_seconds"]),
        ({"catchup_window_seconds": -1}, ["/catchup_window_seconds"]),
        ({"tags": "a"}, ["/tags"]),
        ({"tags": ["a", ""]}, ["/tags/1"]),
        ({"queue": "no spaces"}, ["/queue"]),
        ({"priority": -1, "overlap": "x", "a/b~c": 1}, ["/priority", "/overlap", "/a~1b~0c"]),
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_bad_field_is_named_and_nothing_is_stored(
    shared_client: TestClient, fields: dict[str, Any], pointers: list[str]
) -> None:
    answer = shared_client.simulate_post("/v1/schedules", json={"name": "a", "actor": "log_message"} | fields)
    assert answer.status_code == 422, answer.text
    assert [error["pointer"] for error in answer.json["errors"]] == pointers
    assert shared_client.simulate_get("/v1/schedules").json["items"] == []


@pytest.mark.parametrize(
    "fields",
    [
        {"every_seconds": 60, "jitter_seconds": 59.9},
        {"cron": "*/5 * * * *", "jitter_seconds": 299.9},
        {"cron": "0 0 29 2 *", "jitter_seconds": 86400},
        {"at": "2030-01-01T00:00:00+02:00", "jitter_seconds": 60},
        {"cron": "* * * * *", "ends_at": "9999-12-31T23:59:59Z"},
        {"starts_at": "2030-01-01T00:00:00Z", "ends_at": "2030-01-01T00:00:00Z", "every_seconds": 60},
        {"max_backoff_seconds": 5},
        *({"overlap": overlap.value} for overlap in Overlap),
    ],
    ids=str,
)
def test_these_are_fine(shared_client: TestClient, fields: dict[str, Any]) -> None:
    answer = shared_client.simulate_post("/v1/schedules", json={"name": "a", "actor": "log_message"} | fields)
    assert answer.status_code == 201, answer.text
    shared_client.simulate_delete("/v1/schedules/a")


def test_a_patch_is_held_to_the_same_rules(client: TestClient, create: Callable[..., Any]) -> None:
    create(cron="*/5 * * * *", starts_at="2030-01-02T00:00:00Z")
    for change, pointer in (
        ({"every_seconds": 60}, "/every_seconds"),
        ({"at": "2030-01-01T00:00:00Z"}, "/at"),
        ({"ends_at": "2030-01-01T00:00:00Z"}, "/ends_at"),
        ({"jitter_seconds": 300}, "/jitter_seconds"),
        ({"max_runs": 0}, "/max_runs"),
    ):
        answer = client.simulate_patch("/v1/schedules/nightly", json=change)
        assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, pointer)
    assert client.simulate_get("/v1/schedules/nightly").json["version"] == 1


def test_required_fields_are_named(client: TestClient) -> None:
    answer = client.simulate_post("/v1/schedules", json={})
    assert {error["pointer"] for error in answer.json["errors"]} == {"/name", "/actor"}


def test_a_body_that_is_no_object_is_a_422(client: TestClient) -> None:
    assert client.simulate_post("/v1/schedules", json=[1]).status_code == 422
    assert client.simulate_patch("/v1/schedules/a", json=[1]).status_code == 422


def test_a_rejected_value_is_never_echoed(client: TestClient) -> None:
    secret = "hunter2"
    fields: dict[str, Any] = dict.fromkeys(("args", "priority", "at", "overlap", "max_runs", "tags", "queue"), secret)
    answer = client.simulate_post("/v1/schedules", json={"name": secret.upper(), "actor": 1} | fields)
    assert answer.status_code == 422
    assert secret not in answer.text.lower()


def test_arguments_must_fit_an_announced_actor(
    client: TestClient, announce: Callable[..., None], create: Callable[..., Any]
) -> None:
    announce(parameters={"properties": {"message": {"type": "string"}}, "required": ["message"]})
    answer = client.simulate_post("/v1/schedules", json={"name": "a", "actor": "log_message", "args": {"message": 1}})
    assert [error["pointer"] for error in answer.json["errors"]] == ["/args/message"]
    assert create(args={"message": "${secret:GREETING}"})["warnings"] == []
    answer = client.simulate_post("/v1/schedules/nightly/trigger", json={"args": {}})
    assert [error["pointer"] for error in answer.json["errors"]] == ["/args/message"]


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{", "application/json", 400),
        (b'{"name": "a", "name": "b"}', "application/json", 400),
        (b"name=a", "application/x-www-form-urlencoded", 415),
        (b"{}", None, 415),
        (b"{}", "application/json; charset=latin-1", 415),
        (b"{}", "application/json; charset=utf-8", 422),
        (b" " * 262_145, "application/json", 413),
        (b"[" * 1_000_000, "application/json", 413),
    ],
    ids=["broken", "twice", "form", "untyped", "latin", "utf-8", "large", "larger"],
)
def test_the_body_must_be_json_of_bounded_size(
    client: TestClient, body: bytes, content_type: str | None, status: int
) -> None:
    answer = client.simulate_post("/v1/schedules", body=body, content_type=content_type)
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert {"type", "title", "status", "detail", "errors"} <= set(answer.json)


def test_an_unknown_path_is_a_404_and_a_wrong_method_a_405(client: TestClient) -> None:
    for path in ("/nothing", "/v1", "/v1/nothing", "/v1/runs/not-a-uuid", "/v1/schedules/a/versions"):
        answer = client.simulate_get(path)
        assert (answer.status_code, answer.json["title"]) == (404, "Not Found")
    answer = client.simulate_delete("/v1/schedules")
    assert (answer.status_code, answer.json["status"]) == (405, 405)
    assert "POST" in answer.headers["Allow"]
