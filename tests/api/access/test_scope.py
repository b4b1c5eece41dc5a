"""A token for some schedules: others don't exist for it."""

from collections.abc import Callable
from typing import Any

import pytest
from falcon.testing import TestClient

from tests.api.access.conftest import GiveToken

BY_PREFIX, BY_TAG = {"prefix": "crm-"}, {"tags": ["crm", "sales"]}


@pytest.fixture
def made(create: Callable[..., Any], client: TestClient) -> dict[str, str]:
    """The schedules, each with its run."""
    create("crm-sync", tags=["crm"])
    create("crm-other")
    create("elsewhere", tags=["sales", "night"])
    create("hidden", tags=["night"])
    names = ("crm-sync", "crm-other", "elsewhere", "hidden")
    return {name: client.simulate_post(f"/v1/schedules/{name}/trigger").json["id"] for name in names}


@pytest.mark.parametrize(
    ("only", "seen"),
    [
        (BY_PREFIX, {"crm-sync", "crm-other"}),
        (BY_TAG, {"crm-sync", "elsewhere"}),
        (BY_PREFIX | BY_TAG, {"crm-sync", "crm-other", "elsewhere"}),
        ({"prefix": "no"}, set()),
    ],
)
def test_it_sees_its_own_in_lists_and_by_name(
    give_token: GiveToken, made: dict[str, str], only: dict[str, Any], seen: set[str]
) -> None:
    somebody = give_token("viewer", only=only)
    assert {each["name"] for each in somebody.simulate_get("/v1/schedules").json["items"]} == seen
    assert {each["schedule"] for each in somebody.simulate_get("/v1/runs").json["items"]} == seen
    for name, run in made.items():
        expected = 200 if name in seen else 404
        assert somebody.simulate_get(f"/v1/schedules/{name}").status_code == expected
        assert somebody.simulate_get(f"/v1/runs/{run}").status_code == expected
        assert somebody.simulate_get(f"/v1/audit?target=schedules/{name}").status_code == expected
        assert somebody.simulate_get(f"/v1/audit?target=runs/{run}").status_code == expected


@pytest.mark.parametrize("filters", ["?schedule=hidden", "?actor=log_message", "?q=hid", "?error=x", "?state=planned"])
def test_no_filter_shows_what_it_does_not_see(give_token: GiveToken, made: dict[str, str], filters: str) -> None:
    somebody = give_token("viewer", only=BY_PREFIX)
    for run in somebody.simulate_get(f"/v1/runs{filters}").json["items"]:
        assert run["id"] != made["hidden"]


def test_runs_of_nobody_and_of_what_was_deleted_are_not_seen(
    give_token: GiveToken, made: dict[str, str], client: TestClient, add_run: Callable[..., Any]
) -> None:
    sent = add_run()
    assert client.simulate_delete("/v1/schedules/crm-other").status_code == 204
    somebody = give_token("viewer", only=BY_PREFIX)
    assert [run["id"] for run in somebody.simulate_get("/v1/runs").json["items"]] == [made["crm-sync"]]
    assert somebody.simulate_get(f"/v1/runs/{sent}").status_code == 404
    assert somebody.simulate_get("/v1/schedules/crm-other/versions").status_code == 404


def test_what_it_makes_and_changes_stays_among_what_it_sees(
    give_token: GiveToken, made: dict[str, str], client: TestClient
) -> None:
    somebody = give_token("editor", only=BY_TAG)
    body = {"actor": "log_message"}

    def status(method: str, path: str, json: dict[str, Any]) -> int:
        return somebody.simulate_request(method, path, json=json).status_code

    assert status("POST", "/v1/schedules", body | {"name": "new", "tags": ["night"]}) == 403
    assert status("PUT", "/v1/schedules/new", body) == 403
    assert client.simulate_get("/v1/schedules/new").status_code == 404
    assert status("POST", "/v1/schedules", body | {"name": "new", "tags": ["sales"]}) == 201
    assert status("PATCH", "/v1/schedules/new", {"tags": ["night"]}) == 403
    assert status("PUT", "/v1/schedules/new", body) == 403
    assert client.simulate_get("/v1/schedules/new").json["tags"] == ["sales"]
    assert status("PATCH", "/v1/schedules/new", {"tags": ["crm"]}) == 200
    assert status("POST", "/v1/schedules/hidden/pause", {}) == 404
    assert client.simulate_get("/v1/schedules/hidden").json["paused_at"] is None


def test_going_back_to_a_version_can_t_lead_out_of_it(give_token: GiveToken, client: TestClient) -> None:
    client.simulate_post("/v1/schedules", json={"name": "a", "actor": "x", "tags": ["night"]})
    client.simulate_patch("/v1/schedules/a", json={"tags": ["crm"]})
    somebody = give_token("editor", only=BY_TAG)
    answer = somebody.simulate_post("/v1/schedules/a/rollback", json={"version": 1})
    assert answer.status_code == 403
    assert client.simulate_get("/v1/schedules/a").json["version"] == 2


def test_what_was_done_to_others_is_not_told_whatever_the_role(
    give_token: GiveToken, made: dict[str, str], client: TestClient
) -> None:
    for name in ("crm-other", "hidden"):
        assert client.simulate_delete(f"/v1/schedules/{name}").status_code == 204
    for role in ("viewer", "admin"):
        somebody = give_token(role, only=BY_PREFIX)
        for target, expected in (
            ("schedules", 403), ("runs", 403), ("schedules/", 403), ("", 403), ("schedules/hidden", 404),
            ("schedules/never", 404), ("schedules/crm-other", 200), ("schedules/crm-sync", 200),
        ):  # fmt: skip
            assert somebody.simulate_get(f"/v1/audit?target={target}").status_code == expected, (role, target)
