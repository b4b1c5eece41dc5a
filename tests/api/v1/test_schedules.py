"""Schedules: create, get, list; what holds for edits too, in which order it is checked, and races."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from falcon.testing import TestClient

PAST = "2020-01-01T00:00:00Z"


def test_a_schedule_is_created_with_defaults(client: TestClient, create: Callable[..., Any]) -> None:
    created = create(cron="*/5 * * * *", timezone="Europe/Berlin")
    assert client.simulate_get("/v1/schedules/nightly").json == created
    assert created["cron"] == "*/5 * * * *"
    assert (created["overlap"], created["catchup"], created["priority"]) == ("skip", "latest", 5)
    policies = ("max_retries", "min_backoff_seconds", "max_backoff_seconds", "time_limit_seconds")
    assert [created[name] for name in policies] == [0, 15, 3600, 600]
    assert (created["version"], created["source"], created["last_run"]) == (1, "api", None)
    assert created["created_at"].endswith("Z")


def test_a_new_schedule_is_due_at_its_next_slot_and_has_no_runs(client: TestClient, create: Callable[..., Any]) -> None:
    created = create(every_seconds=3600, starts_at=PAST)
    due = datetime.fromisoformat(created["next_due_at"])
    assert timedelta(0) < due - datetime.now(UTC) <= timedelta(hours=1)
    assert client.simulate_get("/v1/runs").json["items"] == []


def test_several_expressions_stay_a_list(create: Callable[..., Any]) -> None:
    assert create(cron=["0 1 * * *", "0 2 * * *"])["cron"] == ["0 1 * * *", "0 2 * * *"]


def test_a_name_is_taken_once(client: TestClient, create: Callable[..., Any]) -> None:
    create()
    answer = client.simulate_post("/v1/schedules", json={"name": "nightly", "actor": "other"})
    assert answer.status_code == 409
    assert answer.json["errors"][0]["pointer"] == "/name"


def test_an_unknown_actor_is_a_warning(create: Callable[..., Any], announce: Callable[..., None]) -> None:
    assert "no worker has announced the actor" in create()["warnings"][0]
    announce()
    assert create("other")["warnings"] == []


def test_policies_left_out_are_the_actors(create: Callable[..., Any], announce: Callable[..., None]) -> None:
    announce(options={"max_retries": 4, "time_limit_seconds": 60})
    created = create(time_limit_seconds=5)
    assert (created["max_retries"], created["time_limit_seconds"], created["max_backoff_seconds"]) == (4, 5, 3600)


def test_one_that_lies_in_the_past_is_a_warning_and_never_due(
    create: Callable[..., Any], announce: Callable[..., None]
) -> None:
    announce()
    created = create(at=PAST)
    assert created["next_due_at"] is None
    assert "no slot is left" in created["warnings"][0]


def test_what_is_not_there_is_a_404(client: TestClient) -> None:
    for method in ("GET", "PATCH", "DELETE"):
        body = {"priority": 1} if method == "PATCH" else None
        assert client.simulate_request(method, "/v1/schedules/nothing", json=body).status_code == 404
    assert client.simulate_get("/v1/schedules/a%00b").status_code == 404


def _list(client: TestClient, query: str = "") -> dict[str, Any]:
    answer = client.simulate_get("/v1/schedules", query_string=query)
    assert answer.status_code == 200, answer.text
    page: dict[str, Any] = answer.json
    return page


class TestList:
    @pytest.fixture(autouse=True)
    def _schedules(self, client: TestClient, create: Callable[..., Any], execute: Callable[..., Any]) -> None:
        for name in ("a", "b", "c", "d"):
            create(name, actor=f"actor-{name}", tags=["even" if name in "bd" else "odd"], description=f"The {name}")
        client.simulate_post("/v1/schedules/b/pause")
        execute("UPDATE schedules SET error = 'bad' WHERE name = 'c'")

    @pytest.mark.parametrize(
        ("query", "names"),
        [
            ("", "abcd"),
            ("actor=actor-a", "a"),
            ("tag=even", "bd"),
            ("state=paused", "b"),
            ("state=error", "c"),
            ("state=active", "ad"),
            ("q=THE%20D", "d"),
            ("q=%25", ""),
            ("tag=even&state=active", "d"),
        ],
    )
    def test_filters_choose(self, client: TestClient, query: str, names: str) -> None:
        assert "".join(item["name"] for item in _list(client, query)["items"]) == names

    def test_pages_follow_one_another(self, client: TestClient) -> None:
        first = _list(client, "limit=3")
        second = _list(client, f"limit=3&cursor={first['next']}")
        assert [item["name"] for item in first["items"] + second["items"]] == ["a", "b", "c", "d"]
        assert second["next"] is None

    def test_each_comes_with_its_last_run_that_was_not_skipped(self, client: TestClient) -> None:
        run = client.simulate_post("/v1/schedules/a/trigger").json
        assert client.simulate_post("/v1/schedules/a/trigger").json["state"] == "skipped"
        by_name = {item["name"]: item["last_run"] for item in _list(client)["items"]}
        assert by_name["a"]["id"] == run["id"]
        assert by_name["d"] is None

    @pytest.mark.parametrize(
        "query", ["limit=0", "limit=501", "limit=x", "state=odd", "cursor=A", "colour=red", "q=%00", "q=a&q=b"]
    )
    def test_a_query_that_is_not_valid_is_a_422(self, client: TestClient, query: str) -> None:
        answer = client.simulate_get("/v1/schedules", query_string=query)
        assert answer.status_code == 422
        assert answer.json["errors"][0]["pointer"] == f"/{query.partition('=')[0]}"


class TestFieldsThatAreKept:
    def test_when_a_run_is_late_is_the_schedules_to_say(self, client: TestClient, create: Callable[..., Any]) -> None:
        assert create()["notify_late_seconds"] is None
        path = "/v1/schedules/nightly"
        assert client.simulate_patch(path, json={"notify_late_seconds": 90}).json["notify_late_seconds"] == 90
        assert client.simulate_get(path).json["notify_late_seconds"] == 90
        assert client.simulate_put(path, json={"actor": "x"}).json["notify_late_seconds"] is None


class TestOrderOfChecks:
    def test_what_is_not_there_is_not_there_whatever_its_etag(self, client: TestClient) -> None:
        answer = client.simulate_delete("/v1/schedules/nothing", headers={"If-Match": '"x"'})
        assert answer.status_code == 404

    def test_a_field_that_does_not_exist_is_said_before_anything_is_looked_up(self, client: TestClient) -> None:
        answer = client.simulate_patch("/v1/schedules/nothing", json={"foo": 1, "name": "other"})
        assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, "/foo")

    def test_a_single_fault_is_the_detail(self, client: TestClient, create: Callable[..., Any]) -> None:
        create()
        answer = client.simulate_post("/v1/schedules/nightly/pause", json={"until": "2020-01-01T00:00:00Z"})
        assert answer.json["detail"] == "until: must lie in the future"


class TestRaces:
    def test_of_many_that_create_one_name_one_wins(self, client: TestClient) -> None:
        body = {"name": "a", "actor": "x"}
        with ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(lambda _: client.simulate_post("/v1/schedules", json=body), range(6)))
        assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409, 409]

    def test_of_many_puts_one_creates_and_the_others_replace(self, client: TestClient) -> None:
        with ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(lambda _: client.simulate_put("/v1/schedules/a", json={"actor": "x"}), range(6)))
        assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 200, 200, 201]
        assert client.simulate_get("/v1/schedules/a").json["version"] == 6

    def test_of_many_edits_with_one_tag_one_wins(self, client: TestClient, create: Callable[..., Any]) -> None:
        create()
        headers = {"If-Match": client.simulate_get("/v1/schedules/nightly").headers["ETag"]}

        def edit(priority: int) -> int:
            path = "/v1/schedules/nightly"
            return client.simulate_patch(path, json={"priority": priority}, headers=headers).status_code

        with ThreadPoolExecutor(6) as pool:
            assert sorted(pool.map(edit, range(6))) == [200, 412, 412, 412, 412, 412]
