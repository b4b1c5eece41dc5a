"""Lists count what they would show, and show of each item what is wanted."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from falcon.testing import TestClient

from api.v1 import runs, schedules
from models.finding import finds


@pytest.fixture
def made(create: Callable[..., Any], add_run: Callable[..., UUID], finish: Callable[..., None]) -> None:
    for number in range(4):
        create(f"n{number}", tags=["odd"] if number % 2 else [])
        finish(add_run(schedule_name=f"n{number}"), error_type=None)
    add_run(actor="work")


def counted(client: TestClient, path: str) -> Any:
    return client.simulate_get(path).json.get("count")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("/v1/schedules?count=true", 4),
        ("/v1/schedules?count=true&limit=1&cursor=n0", 4),
        ("/v1/schedules?count=true&tag=odd", 2),
        ("/v1/schedules?count=true&prefix=n3", 1),
        ("/v1/schedules?count=true&source=code", 0),
        ("/v1/runs?count=true", 5),
        ("/v1/runs?count=true&limit=2", 5),
        ("/v1/runs?count=true&state=succeeded", 4),
        ("/v1/runs?count=true&actor=work", 1),
        ("/v1/runs?count=true&error=no", 0),
    ],
)
def test_it_counts_what_the_filters_find_without_the_cut_into_pages(
    client: TestClient, made: None, path: str, value: int
) -> None:
    assert counted(client, path) == {"value": value, "capped": False}


def test_it_counts_only_where_it_is_asked_to(client: TestClient, made: None) -> None:
    for path in ("/v1/schedules", "/v1/runs", "/v1/runs?count=false"):
        assert "count" not in client.simulate_get(path).json


def test_it_counts_no_further_than_ten_thousand(
    client: TestClient, made: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (runs, schedules):
        monkeypatch.setattr(module, "COUNTED", 3)
    monkeypatch.setattr("api.web.fields.COUNTED", 3)
    for path in ("/v1/schedules?count=true", "/v1/runs?count=true", "/v1/runs?count=true&q=n"):
        assert counted(client, path) == {"value": 3, "capped": True}


def test_a_count_that_did_not_look_at_all_says_so(
    client: TestClient, made: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finds, "COUNTED_ROWS", 3)
    assert counted(client, "/v1/runs?count=true&actor=work") == {"value": 1, "capped": True}


def test_of_each_item_is_shown_what_is_wanted(client: TestClient, made: None) -> None:
    page = client.simulate_get("/v1/schedules?fields=name,tags&limit=1").json
    assert page == {"items": [{"name": "n0", "tags": []}], "next": "n0"}
    runs_page = client.simulate_get("/v1/runs?fields=id&limit=1&count=true").json
    assert [set(each) for each in runs_page["items"]] == [{"id"}]
    assert runs_page["count"]["value"] == 5
    assert client.simulate_get("/v1/audit?fields=action").json["items"][0] == {"action": "schedule.create"}


@pytest.mark.parametrize("fields", ["colour", "name,colour", ""])
def test_a_field_that_none_has_is_refused(client: TestClient, fields: str) -> None:
    answer = client.simulate_get("/v1/schedules", params={"fields": fields}, params_csv=False)
    assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, "/fields")
