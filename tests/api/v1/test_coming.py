"""What is to come of all schedules at once, by time."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from falcon.testing import TestClient

from api.v1 import upcoming
from tests.api.access.conftest import GiveToken, give_token

__all__ = ["give_token"]
SINCE, UNTIL = "2099-01-01T00:00:00Z", "2099-01-01T06:00:00Z"


@pytest.fixture
def made(create: Callable[..., Any]) -> None:
    create("hourly", cron="0 * * * *", tags=["web"])
    create("twice", cron="30 1,4 * * *", timezone="UTC", queue="reports")
    create("berlin", cron="0 3 * * *", timezone="Europe/Berlin", actor="work")
    create("later", cron="0 12 * * *")
    create("by-hand")


def coming(client: TestClient, query: str = f"?since={SINCE}&until={UNTIL}") -> list[tuple[str, str]]:
    answer = client.simulate_get(f"/v1/upcoming{query}")
    assert answer.status_code == 200, answer.text
    return [(each["slot_at"][11:16], each["schedule"]) for each in answer.json["items"]]


def test_they_come_in_the_order_of_time(client: TestClient, made: None) -> None:
    assert coming(client) == [
        ("00:00", "hourly"),
        ("01:00", "hourly"),
        ("01:30", "twice"),
        ("02:00", "berlin"),
        ("02:00", "hourly"),
        ("03:00", "hourly"),
        ("04:00", "hourly"),
        ("04:30", "twice"),
        ("05:00", "hourly"),
    ]
    [berlin] = [
        each
        for each in client.simulate_get(f"/v1/upcoming?since={SINCE}&until={UNTIL}").json["items"]
        if each["schedule"] == "berlin"
    ]
    assert (berlin["local"], berlin["timezone"]) == ("2099-01-01T03:00:00+01:00", "Europe/Berlin")


@pytest.mark.parametrize(
    ("query", "names"),
    [("&tag=web", {"hourly"}), ("&actor=work", {"berlin"}), ("&queue=reports", {"twice"}), ("&tag=no", set())],
)
def test_filters(client: TestClient, made: None, query: str, names: set[str]) -> None:
    assert {name for _, name in coming(client, f"?since={SINCE}&until={UNTIL}{query}")} == names


@pytest.mark.parametrize("limit", [1, 2, 4, 100])
def test_pages_go_on_where_the_one_before_ended(client: TestClient, made: None, limit: int) -> None:
    found, cursor = [], ""
    while True:
        page = client.simulate_get(f"/v1/upcoming?since={SINCE}&until={UNTIL}&limit={limit}{cursor}").json
        found += [(each["slot_at"][11:16], each["schedule"]) for each in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert found == coming(client)


def test_what_rests_has_nothing_to_come(client: TestClient, made: None, execute: Callable[..., Any]) -> None:
    client.simulate_post("/v1/schedules/hourly/pause", json={"until": "2099-01-01T04:30:00Z"})
    client.simulate_post("/v1/schedules/twice/pause")
    execute("UPDATE schedules SET error = 'odd' WHERE name = 'berlin'")
    assert coming(client) == [("05:00", "hourly")]


def test_as_many_as_are_left_of_it(client: TestClient, create: Callable[..., Any], execute: Callable[..., Any]) -> None:
    create("few", cron="0 * * * *", max_runs=3)
    execute("UPDATE schedules SET slots_run = 1")
    assert [name for _, name in coming(client)] == ["few"] * 2


def test_without_bounds_it_is_the_next_day(client: TestClient, made: None) -> None:
    items = client.simulate_get("/v1/upcoming?limit=500").json["items"]
    assert len([each for each in items if each["schedule"] == "hourly"]) == 24
    first, last = (datetime.fromisoformat(items[place]["slot_at"]) for place in (0, -1))
    assert last - first < timedelta(days=1)


def test_of_very_many_those_that_are_due_first(client: TestClient, made: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upcoming, "LOOKED_AT", 1)
    assert {each["schedule"] for each in client.simulate_get("/v1/upcoming").json["items"]} <= {"hourly"}


def test_of_what_somebody_does_not_see_nothing_comes(client: TestClient, made: None, give_token: GiveToken) -> None:
    somebody = give_token("viewer", only={"tags": ["web"]})
    assert {name for _, name in coming(somebody)} == {"hourly"}


@pytest.mark.parametrize("cursor", ["x", "2099-13-01T00:00:00Z~a", "2099-01-01T00:00:00Z~A B", "~"])
def test_a_cursor_that_is_none_is_refused(client: TestClient, cursor: str) -> None:
    assert client.simulate_get("/v1/upcoming", params={"cursor": cursor}).status_code == 422
