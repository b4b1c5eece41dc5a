"""Upcoming slots, and previews."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from falcon.testing import TestClient

BERLIN = {"cron": "30 2 * * *", "timezone": "Europe/Berlin"}


def _preview(client: TestClient, **body: Any) -> dict[str, Any]:
    answer = client.simulate_post("/v1/preview", json=body)
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json
    return shown


def _upcoming(client: TestClient, count: int = 3) -> list[dict[str, Any]]:
    answer = client.simulate_get(f"/v1/schedules/nightly/upcoming?count={count}")
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json["items"]
    return items


def test_slots_come_with_local_time_and_jitter(client: TestClient, create: Callable[..., Any]) -> None:
    created = create(**BERLIN, jitter_seconds=600)
    slots = _upcoming(client)
    assert slots[0]["slot_at"] == created["next_due_at"]
    for slot in slots:
        at, due = (datetime.fromisoformat(slot[key]) for key in ("slot_at", "due_at"))
        assert timedelta(0) <= due - at < timedelta(minutes=10)
        assert "T02:30:00+0" in slot["local"] or slot["remark"]
    assert slots == _upcoming(client)


def test_ten_slots_are_shown_unless_asked_otherwise(client: TestClient, create: Callable[..., Any]) -> None:
    create(every_seconds=60)
    assert len(client.simulate_get("/v1/schedules/nightly/upcoming").json["items"]) == 10
    assert len(_upcoming(client, 500)) == 500
    assert client.simulate_get("/v1/schedules/nightly/upcoming?count=501").status_code == 422
    assert client.simulate_get("/v1/schedules/nothing/upcoming").status_code == 404


def test_no_more_are_shown_than_will_run(client: TestClient, create: Callable[..., Any], execute: Any) -> None:
    create(every_seconds=60, max_runs=5)
    execute("UPDATE schedules SET slots_run = 3")
    assert len(_upcoming(client)) == 2


def test_nothing_is_to_come_before_the_end_of_a_pause(client: TestClient, create: Callable[..., Any]) -> None:
    create(every_seconds=60)
    until = datetime.now(UTC) + timedelta(days=1)
    client.simulate_post("/v1/schedules/nightly/pause", json={"until": until.isoformat()})
    assert datetime.fromisoformat(_upcoming(client)[0]["slot_at"]) > until
    client.simulate_post("/v1/schedules/nightly/pause")
    assert _upcoming(client) == []


def test_a_preview_tells_of_changes_of_the_clock(shared_client: TestClient) -> None:
    shown = _preview(shared_client, **BERLIN, count=2, after="2026-03-28T12:00:00Z")
    assert shown["slots"][0]["slot_at"] == "2026-03-29T01:00:00Z"
    assert shown["slots"][0]["local"] == "2026-03-29T03:00:00+02:00"
    assert shown["slots"][0]["remark"].startswith("moved")
    assert shown["slots"][1]["remark"] is None
    assert (shown["words"], shown["warnings"]) == ("At 02:30", [])


def test_a_preview_begins_now_and_stores_nothing(shared_client: TestClient) -> None:
    shown = _preview(shared_client, every_seconds=60)
    assert len(shown["slots"]) == 10
    first = datetime.fromisoformat(shown["slots"][0]["slot_at"])
    assert timedelta(0) < first - datetime.now(UTC) + timedelta(seconds=1) <= timedelta(seconds=61)
    assert shared_client.simulate_get("/v1/schedules").json["items"] == []


def test_a_preview_of_one_instant_ends(shared_client: TestClient) -> None:
    at = "2030-01-01T00:00:00Z"
    assert [slot["slot_at"] for slot in _preview(shared_client, at=at)["slots"]] == [at]
    assert _preview(shared_client, at=at, after=at)["warnings"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, ""),
        ({"cron": "bad"}, "/cron"),
        ({"cron": "* * * * *", "timezone": "x"}, "/timezone"),
        ({"cron": "* * * * *", "at": "2030-01-01T00:00:00Z"}, "/at"),
        ({"cron": "* * * * *", "count": 501}, "/count"),
        ({"cron": "* * * * *", "after": "2030-01-01T00:00:00"}, "/after"),
        ({"cron": "* * * * *", "after": "9999-12-31T23:59:59Z"}, "/cron"),
        ({"every_seconds": 0}, "/every_seconds"),
        ({"name": "x"}, "/name"),
    ],
)
def test_a_bad_preview_is_a_422(shared_client: TestClient, body: dict[str, Any], pointer: str) -> None:
    answer = shared_client.simulate_post("/v1/preview", json=body)
    assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, pointer)
