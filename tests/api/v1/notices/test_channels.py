"""Channels by the API: what they may be, who sees what of them, and what they have been told."""

from collections.abc import Callable
from typing import Any

import pytest
from falcon.testing import TestClient

from api.app import make_app

HOOK = {"kind": "webhook", "url": "https://ann:pw@hooks.example.com/services/T0/secret?key=1"}
Create = Callable[..., dict[str, Any]]


def put(client: TestClient, name: str = "ops", status: int = 201, **fields: Any) -> dict[str, Any]:
    answer = client.simulate_put(f"/v1/channels/{name}", json={**HOOK, **fields})
    assert answer.status_code == status, answer.text
    return dict(answer.json)


def test_a_channel_is_created_with_defaults_and_replaced(client: TestClient) -> None:
    made = put(client)
    assert (made["version"], made["updated_by"], made["source"]) == (1, "admin", "api")
    assert (made["after_failures"], made["quiet_seconds"], made["slow_factor"]) == (1, 0, 3)
    assert made["events"] == [
        "failed", "recovered", "late", "missed", "slow", "auto_paused", "quarantined", "stalled",
    ]  # fmt: skip
    assert made["url"] == HOOK["url"]
    chosen = {"prefix": "crm-", "tags": ["vip"]}
    again = put(client, status=200, events=["failed"], filter=chosen, secret="${secret:SIGNING}", quiet_seconds=60)
    assert (again["version"], again["events"], again["created_at"]) == (2, ["failed"], made["created_at"])
    assert again["filter"] == {**chosen, "schedules": []}
    assert client.simulate_get("/v1/channels/ops").json == again
    assert client.simulate_get("/v1/channels").json == {"items": [again], "next": None}


def test_a_channel_is_deleted_with_its_deliveries(client: TestClient) -> None:
    put(client)
    client.simulate_post("/v1/channels/ops/test")
    assert client.simulate_delete("/v1/channels/ops").status_code == 204
    for path in ("/v1/channels/ops", "/v1/channels/ops/deliveries"):
        assert client.simulate_get(path).status_code == 404
    assert client.simulate_delete("/v1/channels/ops").status_code == 404
    assert client.simulate_post("/v1/channels/ops/test").status_code == 404
    put(client)
    assert client.simulate_get("/v1/channels/ops/deliveries").json["items"] == []


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"kind": "pager"}, "/kind"),
        ({"url": None}, "/url"),
        ({"url": "ftp://example.com/x"}, "/url"),
        ({"url": "https:///x"}, "/url"),
        ({"url": "https://[x/"}, "/url"),
        ({"url": "https://example.com/a b"}, "/url"),
        ({"url": "https://example.com/${secret:a-b}"}, "/url"),
        ({"url": "https://example.com/${run:id}"}, "/url"),
        ({"to": "ops@example.com"}, "/to"),
        ({"kind": "email", "url": None}, "/to"),
        ({"kind": "email", "url": None, "to": "ops"}, "/to/0"),
        ({"kind": "email", "url": None, "to": ["a@b.c\nBcc: d@e.f"]}, "/to/0"),
        ({"kind": "email", "to": "ops@example.com"}, "/url"),
        ({"secret": "whsec_aGVsbG8="}, "/secret"),
        ({"secret": "${secret:A}${secret:B}"}, "/secret"),
        ({"kind": "slack", "secret": "${secret:A}"}, "/secret"),
        ({"events": []}, "/events"),
        ({"events": ["started"]}, "/events/0"),
        ({"filter": {}}, "/filter"),
        ({"filter": {"tags": []}}, "/filter/tags"),
        ({"filter": {"schedules": ["Not A Name"]}}, "/filter/schedules/0"),
        ({"after_failures": 0}, "/after_failures"),
        ({"quiet_seconds": -1}, "/quiet_seconds"),
        ({"slow_factor": 1}, "/slow_factor"),
        ({"colour": "red"}, "/colour"),
    ],
)
def test_what_no_channel_can_be_is_refused(shared_client: TestClient, fields: dict[str, Any], pointer: str) -> None:
    given = {name: value for name, value in {**HOOK, **fields}.items() if value is not None}
    answer = shared_client.simulate_put("/v1/channels/ops", json=given)
    assert answer.status_code == 422, answer.text
    assert [error["pointer"] for error in answer.json["errors"]] == [pointer]


@pytest.mark.parametrize("name", ["Ops", "a b", "x" * 129])
def test_a_name_that_no_channel_can_have_is_refused(shared_client: TestClient, name: str) -> None:
    assert shared_client.simulate_put(f"/v1/channels/{name}", json=HOOK).status_code in (404, 422)


def test_email_has_addresses(client: TestClient) -> None:
    answer = client.simulate_put("/v1/channels/mail", json={"kind": "email", "to": "ops@example.com"})
    assert (answer.status_code, answer.json["to"], answer.json["url"]) == (201, ["ops@example.com"], None)


def test_a_secret_that_may_not_go_there_is_refused(client: TestClient, execute: Callable[..., Any]) -> None:
    execute(
        "INSERT INTO workers (id, host, pid, queues, actors, secrets, secret_rules, threads, version, running,"
        " started_at, last_seen_at) VALUES ('00000000-0000-0000-0000-000000000001', 'h', 1, '[\"default\"]', '[]',"
        """ '["OURS", "HOOK"]', '{"OURS": ["sync_*"], "HOOK": ["notify https://hooks.example.com/*"]}', 1, '1', 0,"""
        " now(), now())"
    )
    put(client, secret="${secret:HOOK}", url="https://hooks.example.com/x")
    refused = put(client, "other", 422, secret="${secret:OURS}")
    assert [error["pointer"] for error in refused["errors"]] == ["/secret"]
    elsewhere = put(client, "other", 422, secret="${secret:HOOK}", url="https://example.org/x")
    assert [error["pointer"] for error in elsewhere["errors"]] == ["/url"]


def test_only_admins_see_what_may_be_secret_in_a_url(client: TestClient, engine: Any, settings: Any) -> None:
    token = client.simulate_post("/v1/tokens", json={"name": "v", "role": "editor"}).json["token"]
    viewer = TestClient(make_app(engine, settings), headers={"Authorization": f"Bearer {token}"})
    put(client)
    put(client, "by-reference", kind="slack", url="${secret:SLACK}")
    shown = [item["url"] for item in viewer.simulate_get("/v1/channels").json["items"]]
    assert shown == ["${secret:SLACK}", "https://hooks.example.com/…"]
    assert viewer.simulate_get("/v1/channels/ops").json["url"] == shown[1]
    assert client.simulate_get("/v1/channels/ops").json["url"] == HOOK["url"]


def test_the_audit_tells_of_each_act_and_of_no_secret(client: TestClient) -> None:
    put(client)
    put(client, status=200, after_failures=3)
    client.simulate_post("/v1/channels/ops/test")
    client.simulate_delete("/v1/channels/ops")
    answer = client.simulate_get("/v1/audit?target=channels/ops")
    acts = answer.json["items"]
    assert [act["action"] for act in acts] == ["channel.delete", "channel.test", "channel.update", "channel.create"]
    assert (acts[2]["before"], acts[2]["after"]) == ({"after_failures": 1}, {"after_failures": 3})
    assert acts[3]["after"]["url"] == "https://hooks.example.com/…"
    assert "services" not in answer.text
    assert "pw" not in answer.text


def test_a_channel_can_be_tried(client: TestClient) -> None:
    put(client)
    answer = client.simulate_post("/v1/channels/ops/test")
    assert answer.status_code == 202, answer.text
    delivery = answer.json
    assert (delivery["kind"], delivery["schedule"], delivery["run_id"]) == ("test", None, None)
    assert (delivery["state"], delivery["attempt"], delivery["error"]) == ("planned", 0, None)
    assert answer.headers["Location"] == f"/v1/runs/{delivery['id']}"
    run = client.simulate_get(answer.headers["Location"]).json
    assert (run["actor"], run["created_by"], run["args"]["channel"]) == ("notify", "admin", "ops")
    assert (run["args"]["notice"]["kind"], run["args"]["notice"]["id"]) == ("test", delivery["id"])
    assert client.simulate_get("/v1/channels/ops/deliveries").json == {"items": [delivery], "next": None}


def test_deliveries_are_paged_the_newest_first(client: TestClient) -> None:
    put(client)
    put(client, "other")
    made = [client.simulate_post("/v1/channels/ops/test").json["id"] for _ in range(3)]
    client.simulate_post("/v1/channels/other/test")
    first = client.simulate_get("/v1/channels/ops/deliveries?limit=2").json
    rest = client.simulate_get(f"/v1/channels/ops/deliveries?limit=2&cursor={first['next']}").json
    assert sorted(item["id"] for item in first["items"] + rest["items"]) == sorted(made)
    assert (len(first["items"]), rest["next"]) == (2, None)


def test_it_can_be_asked_who_is_told_about_a_schedule(client: TestClient, create: Create) -> None:
    create("nightly", tags=["crm"])
    create("hourly", notify_late_seconds=60)
    put(client, "all")
    put(client, "crm", filter={"tags": ["crm"]}, events=["failed"])
    put(client, "late", events=["late"])
    put(client, "one", filter={"schedules": ["hourly"]}, events=["recovered", "late"])
    nightly = client.simulate_get("/v1/schedules/nightly/channels").json["items"]
    hourly = client.simulate_get("/v1/schedules/hourly/channels").json["items"]
    assert [item["name"] for item in nightly] == ["all", "crm"]
    assert "late" not in nightly[0]["events"]
    assert nightly[1]["url"] == "https://hooks.example.com/…"
    assert [(item["name"], len(item["events"])) for item in hourly] == [("all", 8), ("late", 1), ("one", 2)]
    assert client.simulate_get("/v1/schedules/gone/channels").status_code == 404


def test_what_channels_alone_need_is_no_event_to_others(client: TestClient, execute: Callable[..., Any]) -> None:
    put(client)
    for position, state in enumerate(("failed", "succeeded", "running"), 1):
        execute(
            "INSERT INTO events (kind, runs, attempts, position)"
            " VALUES (%(kind)s, ARRAY[gen_random_uuid()], '{1}', %(at)s)",
            kind=f"run.{state}",
            at=position,
        )
    assert client.simulate_get("/v1/events").json["items"] == []
    execute("UPDATE told_states SET is_public = true WHERE state = 'failed'")
    assert [item["type"] for item in client.simulate_get("/v1/events").json["items"]] == ["callsheet.run.failed"]
