"""Many at once, by a filter: each by itself, as the list would have found them."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from falcon.testing import TestClient

from api.v1 import bulk as bulk_routes
from models.words.states import State
from scheduling.commands import bulk as commands
from tests.api.access.conftest import GiveToken, give_token

__all__ = ["give_token"]


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "_PIECE", 2)


@pytest.fixture
def made(create: Callable[..., Any]) -> None:
    for number in range(5):
        create(f"n{number}", tags=["odd" if number % 2 else "even"], cron="0 2 * * *")
    create("other", actor="work")


def on_schedules(client: TestClient, action: str, filter_: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    body = {"filter": filter_ or {}, "action": action} | more
    answer = client.simulate_post("/v1/schedules/bulk", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json


@pytest.mark.parametrize(
    ("filter_", "found"),
    [
        ({}, ["n0", "n1", "n2", "n3", "n4", "other"]),
        ({"prefix": "n"}, ["n0", "n1", "n2", "n3", "n4"]),
        ({"tag": "odd"}, ["n1", "n3"]),
        ({"names": ["n4", "n1", "no"]}, ["n1", "n4"]),
        ({"actor": "work"}, ["other"]),
        ({"q": "OTH"}, ["other"]),
        ({"source": "code"}, []),
        ({"source": "api", "tag": "even", "names": ["n0"]}, ["n0"]),
        ({"state": "paused"}, []),
        ({"state": "active", "prefix": "o"}, ["other"]),
    ],
)
def test_a_dry_run_says_what_would_be_and_changes_nothing(
    client: TestClient, made: None, filter_: dict[str, Any], found: list[str]
) -> None:
    said = on_schedules(client, "delete", filter_, dry_run=True)
    assert said == {"matched": len(found), "changed": 0, "names": found, "refused": []}
    assert len(client.simulate_get("/v1/schedules").json["items"]) == 6


def test_each_act_is_done_to_all(client: TestClient, made: None) -> None:
    odd = {"tag": "odd"}
    until = "2099-01-01T00:00:00Z"
    assert on_schedules(client, "pause", odd, reason="holidays", until=until)["changed"] == 2
    paused = client.simulate_get("/v1/schedules?state=paused").json["items"]
    assert [(each["name"], each["pause_reason"], each["paused_until"]) for each in paused] == [
        ("n1", "holidays", until),
        ("n3", "holidays", until),
    ]
    assert on_schedules(client, "resume", odd)["names"] == ["n1", "n3"]
    assert client.simulate_get("/v1/schedules?state=paused").json["items"] == []
    assert on_schedules(client, "trigger", odd)["changed"] == 2
    assert len(client.simulate_get("/v1/runs").json["items"]) == 2
    assert on_schedules(client, "patch", odd, patch={"priority": 9, "tags": None})["changed"] == 2
    assert client.simulate_get("/v1/schedules/n3").json["priority"] == 9
    assert on_schedules(client, "delete", {"prefix": "n"})["changed"] == 5
    assert [each["name"] for each in client.simulate_get("/v1/schedules").json["items"]] == ["other"]
    acts = client.simulate_get("/v1/audit?action=schedule.delete").json["items"]
    assert {act["target"] for act in acts} == {f"schedules/n{number}" for number in range(5)}


def test_one_that_is_refused_keeps_no_other_from_it(
    client: TestClient, made: None, execute: Callable[..., Any]
) -> None:
    execute("UPDATE schedules SET source = 'code', announced_at = now() WHERE name IN ('n0', 'n3')")
    said = on_schedules(client, "patch", {"prefix": "n"}, patch={"priority": 1})
    assert (said["matched"], said["changed"], said["names"]) == (5, 3, ["n1", "n2", "n4"])
    assert [each["name"] for each in said["refused"]] == ["n0", "n3"]
    assert "declared in code" in said["refused"][0]["errors"][0]["message"]
    wrong = on_schedules(client, "patch", {"names": ["n1"]}, patch={"cron": "nonsense"})
    assert (wrong["changed"], wrong["refused"][0]["errors"][0]["pointer"]) == (0, "/cron")


def test_one_that_somebody_has_locked_is_left_and_said(
    client: TestClient, made: None, engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "LOCK_SECONDS", 0.2)
    with engine.connect() as somebody:
        somebody.exec_driver_sql("SELECT FROM schedules WHERE name = 'n1' FOR UPDATE")
        said = on_schedules(client, "pause", {"prefix": "n"})
    assert said["names"] == ["n0", "n2", "n3", "n4"]
    assert [(each["name"], each["errors"][0]["message"]) for each in said["refused"]] == [
        ("n1", "somebody has locked it: try again")
    ]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"filter": {}},
        {"action": "pause"},
        {"filter": {"nmae": "x"}, "action": "pause"},
        {"filter": {}, "action": "explode"},
        {"filter": {}, "action": "patch", "patch": {"colour": "red"}},
        {"filter": {"names": "n1"}, "action": "pause"},
        {"filter": {}, "action": "pause", "dry_run": "no"},
    ],
)
def test_what_can_t_be_is_refused(client: TestClient, made: None, body: dict[str, Any]) -> None:
    assert client.simulate_post("/v1/schedules/bulk", json=body).status_code == 422


def test_roles_and_scopes_hold(client: TestClient, made: None, give_token: GiveToken) -> None:
    operator = give_token("operator", only={"tags": ["odd"]})
    assert operator.simulate_post("/v1/schedules/bulk", json={"filter": {}, "action": "delete"}).status_code == 403
    assert on_schedules(operator, "pause")["names"] == ["n1", "n3"]
    editor = give_token("editor", only={"tags": ["odd"]})
    said = on_schedules(editor, "patch", {}, patch={"tags": []})
    assert (said["changed"], [each["name"] for each in said["refused"]]) == (0, ["n1", "n3"])


@pytest.fixture
def some_runs(
    client: TestClient, made: None, finish: Callable[..., None], add_run: Callable[..., UUID]
) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {"planned": [], "failed": [], "succeeded": []}
    for number in range(3):
        name = f"n{number}"
        for state in (State.FAILED, State.SUCCEEDED):
            run = client.simulate_post(f"/v1/schedules/{name}/trigger", json={"overlap": "allow"}).json["id"]
            finish(UUID(run), state)
            found[state.value].append(run)
        found["planned"].append(client.simulate_post(f"/v1/schedules/{name}/trigger").json["id"])
    return found


def on_runs(client: TestClient, verb: str, filter_: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    answer = client.simulate_post(f"/v1/runs/{verb}", json={"filter": filter_ or {}} | more)
    assert answer.status_code == 200, answer.text
    return answer.json


def test_runs_are_cancelled_by_a_filter(client: TestClient, some_runs: dict[str, list[str]]) -> None:
    dry = on_runs(client, "cancel", dry_run=True)
    assert dry == {"matched": 3, "changed": 0, "ids": some_runs["planned"]}
    assert on_runs(client, "cancel", {"schedule": "n1"})["ids"] == [some_runs["planned"][1]]
    assert on_runs(client, "cancel", {"state": "succeeded"})["matched"] == 0
    assert on_runs(client, "cancel", {"actor": "log_message"}, limit=1)["changed"] == 1
    assert on_runs(client, "cancel", {"state": ["planned", "running"]})["changed"] == 1
    assert on_runs(client, "cancel")["matched"] == 0
    states = {run["id"]: run["state"] for run in client.simulate_get("/v1/runs").json["items"]}
    assert {states[run] for run in some_runs["planned"]} == {"cancelled"}


def test_runs_that_failed_are_run_again_by_a_filter(client: TestClient, some_runs: dict[str, list[str]]) -> None:
    assert on_runs(client, "retry", dry_run=True)["ids"] == some_runs["failed"]
    said = on_runs(client, "retry", {"schedule": "n2"})
    assert (said["matched"], said["changed"], said["ids"]) == (1, 1, [some_runs["failed"][2]])
    [again] = [run for run in client.simulate_get("/v1/runs").json["items"] if run["parent_run_id"]]
    assert again["parent_run_id"] == some_runs["failed"][2]
    assert on_runs(client, "retry", {"state": ["succeeded"]})["changed"] == 3


@pytest.mark.parametrize(
    "body", [{}, {"filter": {"state": "odd"}}, {"filter": {}, "limit": 0}, {"filter": {"id": "x"}}]
)
def test_what_runs_can_t_be_is_refused(client: TestClient, body: dict[str, Any]) -> None:
    assert client.simulate_post("/v1/runs/retry", json=body).status_code == 422


def test_of_very_many_a_hundred_are_named(
    client: TestClient, add_run: Callable[..., UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_routes, "SHOWN", 2)
    for _ in range(3):
        add_run()
    said = on_runs(client, "cancel")
    assert (said["matched"], said["changed"], len(said["ids"])) == (3, 3, 2)


def test_a_schedule_may_be_called_bulk(client: TestClient, create: Callable[..., Any]) -> None:
    create("bulk")
    assert client.simulate_get("/v1/schedules/bulk").json["name"] == "bulk"
    assert client.simulate_patch("/v1/schedules/bulk", json={"priority": 1}).json["priority"] == 1
    assert client.simulate_delete("/v1/schedules/bulk").status_code == 204


@pytest.mark.parametrize(("action", "kept"), [("delete", ["n0"]), ("patch", ["n0", "n3"]), ("pause", [])])
def test_a_dry_run_says_what_would_be_refused(
    client: TestClient, made: None, execute: Callable[..., Any], action: str, kept: list[str]
) -> None:
    execute("UPDATE schedules SET source = 'code' WHERE name IN ('n0', 'n3')")
    execute("UPDATE schedules SET announced_at = now() WHERE name = 'n0'")
    said = on_schedules(client, action, {"prefix": "n"}, dry_run=True, **({"patch": {}} if action == "patch" else {}))
    assert (said["matched"], [each["name"] for each in said["refused"]]) == (5, kept)
    assert sorted([*said["names"], *kept]) == ["n0", "n1", "n2", "n3", "n4"]
