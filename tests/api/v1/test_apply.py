"""Files: apply them, and export what there is."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
import sqlalchemy as sa
from falcon.testing import Result, TestClient

Apply = Callable[..., Result]

HOURLY = {"actor": "log_message", "args": {"message": "hi"}, "cron": "0 * * * *"}


def get(client: TestClient, name: str) -> Any:
    return client.simulate_get(f"/v1/schedules/{name}").json


def names(entries: list[dict[str, Any]]) -> list[str]:
    assert all(entry["kind"] == "schedule" for entry in entries)
    return [entry["name"] for entry in entries]


def test_a_file_creates_its_schedules_and_is_unchanged_the_second_time(client: TestClient, apply: Apply) -> None:
    first = apply(schedules={"one": HOURLY, "two": HOURLY}).json
    assert names(first["create"]) == ["one", "two"]
    assert (first["update"], first["delete"], first["unchanged"], first["conflicts"]) == ([], [], 0, [])
    assert (get(client, "one")["source"], get(client, "one")["version"]) == ("file:crm", 1)
    assert get(client, "one")["next_due_at"] is not None
    again = apply(schedules={"one": HOURLY, "two": HOURLY}).json
    assert (again["create"], again["update"], again["unchanged"]) == ([], [], 2)
    assert get(client, "one")["version"] == 1


def test_what_differs_is_changed_and_said(client: TestClient, apply: Apply) -> None:
    apply(schedules={"one": HOURLY | {"tags": ["a"]}, "two": HOURLY})
    answer = apply(schedules={"one": HOURLY | {"priority": 7, "cron": ["0 * * * *"]}, "two": HOURLY}).json
    assert names(answer["update"]) == ["one"]
    assert answer["update"][0]["changes"] == [
        {"field": "priority", "before": 5, "after": 7},
        {"field": "tags", "before": ["a"], "after": []},
    ]
    assert answer["unchanged"] == 1
    assert (get(client, "one")["priority"], get(client, "one")["version"]) == (7, 2)


def test_a_dry_run_writes_nothing(client: TestClient, apply: Apply) -> None:
    apply(schedules={"one": HOURLY, "two": HOURLY})
    answer = apply(schedules={"one": HOURLY | {"priority": 1}, "new": HOURLY}, prune=True, dry_run=True).json
    assert (names(answer["create"]), names(answer["update"]), names(answer["delete"])) == (["new"], ["one"], ["two"])
    assert (get(client, "one")["priority"], get(client, "two")["version"]) == (5, 1)
    assert client.simulate_get("/v1/schedules/new").status_code == 404


def test_prune_deletes_only_what_the_same_source_made(client: TestClient, apply: Apply, create: Any) -> None:
    create("by-hand")
    apply("other", schedules={"other": HOURLY})
    apply(schedules={"one": HOURLY, "two": HOURLY})
    assert apply(schedules={"one": HOURLY}).json["delete"] == []
    assert names(apply(schedules={"one": HOURLY}, prune=True).json["delete"]) == ["two"]
    left = client.simulate_get("/v1/schedules").json["items"]
    assert [each["name"] for each in left] == ["by-hand", "one", "other"]


def test_what_belongs_to_somebody_else_is_a_conflict_and_nothing_is_written(
    client: TestClient, apply: Apply, create: Any
) -> None:
    create("by-hand", **HOURLY)
    apply("other", schedules={"other": HOURLY})
    answer = apply(schedules={"by-hand": HOURLY, "new": HOURLY, "other": HOURLY})
    assert (answer.status_code, answer.headers["Content-Type"]) == (409, "application/problem+json")
    assert answer.json["conflicts"] == [
        {"kind": "schedule", "name": "by-hand", "source": "api"},
        {"kind": "schedule", "name": "other", "source": "file:other"},
    ]
    assert names(answer.json["create"]) == ["new"]
    assert client.simulate_get("/v1/schedules/new").status_code == 404


def test_a_dry_run_answers_with_its_conflicts(client: TestClient, apply: Apply, create: Any) -> None:
    create("by-hand", **HOURLY)
    answer = apply(schedules={"by-hand": HOURLY, "new": HOURLY}, dry_run=True)
    assert answer.status_code == 200
    assert answer.json["conflicts"] == [{"kind": "schedule", "name": "by-hand", "source": "api"}]
    assert (names(answer.json["create"]), answer.json["update"]) == (["new"], [])
    assert get(client, "by-hand")["source"] == "api"


@pytest.mark.parametrize("dry_run", [False, True])
@pytest.mark.parametrize("source", ["api", "file:api"])
def test_what_people_made_is_not_pruned(
    client: TestClient, apply: Apply, create: Any, source: str, dry_run: bool
) -> None:
    create("by-hand", **HOURLY)
    answer = apply(source, schedules={}, prune=True, dry_run=dry_run)
    assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, "/prune")
    assert "without a file" in answer.json["errors"][0]["message"]
    assert get(client, "by-hand")["version"] == 1


def test_adopting_takes_over(client: TestClient, apply: Apply, create: Any) -> None:
    create("by-hand", **HOURLY)
    answer = apply(schedules={"by-hand": HOURLY}, adopt=True).json
    assert answer["update"][0]["changes"] == [{"field": "source", "before": "api", "after": "file:crm"}]
    assert get(client, "by-hand")["source"] == "file:crm"


def test_what_code_declares_is_not_adopted(client: TestClient, apply: Apply, create: Any, execute: Any) -> None:
    create("nightly", **HOURLY)
    execute("UPDATE schedules SET source = 'code', announced_at = now()")
    answer = apply(schedules={"nightly": HOURLY}, adopt=True)
    assert answer.status_code == 409
    assert answer.json["conflicts"] == [{"kind": "schedule", "name": "nightly", "source": "code"}]
    assert client.simulate_get("/v1/export").json["schedules"] == {}


def test_an_edit_elsewhere_is_allowed_and_shows_as_drift(client: TestClient, apply: Apply) -> None:
    apply(schedules={"one": HOURLY})
    edited = client.simulate_patch("/v1/schedules/one", json={"priority": 9})
    assert (edited.status_code, edited.json["source"]) == (200, "file:crm")
    drift = apply(schedules={"one": HOURLY}, dry_run=True).json
    assert drift["update"][0]["changes"] == [{"field": "priority", "before": 9, "after": 5}]


def test_faults_point_into_the_file_and_nothing_is_written(client: TestClient, apply: Apply) -> None:
    wrong = {"one": HOURLY, "two": HOURLY | {"timezone": "Mars/Olympus"}, "three": HOURLY | {"cron": "61 * * * *"}}
    answer = apply(schedules=wrong)
    assert answer.status_code == 422
    assert {each["pointer"] for each in answer.json["errors"]} == {"/schedules/two/timezone", "/schedules/three/cron"}
    assert client.simulate_get("/v1/schedules").json["items"] == []


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"schedules": {"one": {"cron": "0 * * * *"}}}, "/schedules/one/actor"),
        ({"schedules": {"one": HOURLY | {"colour": "red"}}}, "/schedules/one/colour"),
        ({"schedules": {"One": HOURLY}}, "/schedules/One"),
        ({"schedules": {"one": None}}, "/schedules/one"),
        ({"schedules": []}, "/schedules"),
        ({"calendars": {"de": {}}}, "/calendars"),
        ({"source": "code"}, "/source"),
        ({"source": ""}, "/source"),
        ({"source": "file:"}, "/source"),
        ({"source": None}, "/source"),
    ],
    ids=str,
)
def test_what_is_no_file_is_refused(client: TestClient, body: dict[str, Any], pointer: str) -> None:
    answer = client.simulate_post("/v1/apply", json={"source": "crm", **body})
    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.json["errors"]] == [pointer]


def test_what_is_not_there_yet_may_be_empty(apply: Apply) -> None:
    assert apply(schedules={"one": HOURLY}, calendars={}, limits=None, channels={}).status_code == 200


def test_one_and_true_are_not_the_same(apply: Apply) -> None:
    apply(schedules={"one": HOURLY | {"args": {"a": 1, "b": [0]}}})
    assert apply(schedules={"one": HOURLY | {"args": {"a": 1.0, "b": [0]}}}).json["unchanged"] == 1
    changes = apply(schedules={"one": HOURLY | {"args": {"a": True, "b": [False]}}}).json["update"][0]["changes"]
    assert changes[0]["after"] == {"a": True, "b": [False]}


def test_a_schedule_is_created_paused_and_stays_as_people_left_it(client: TestClient, apply: Apply) -> None:
    file = {"one": HOURLY | {"paused": True}}
    apply(schedules=file)
    assert get(client, "one")["paused_by"] == "admin"
    assert client.simulate_get("/v1/export").json["schedules"] == file
    client.simulate_post("/v1/schedules/one/resume")
    assert apply(schedules=file).json["unchanged"] == 1
    assert get(client, "one")["paused_at"] is None


def test_each_write_is_audited_and_has_a_version(client: TestClient, apply: Apply) -> None:
    apply(schedules={"one": HOURLY, "two": HOURLY})
    apply(schedules={"one": HOURLY | {"priority": 1}}, prune=True)
    acts = [(act["action"], act["target"]) for act in client.simulate_get("/v1/audit").json["items"]]
    assert acts[0] == ("apply", "apply/crm")
    assert set(acts[1:3]) == {("schedule.update", "schedules/one"), ("schedule.delete", "schedules/two")}
    assert acts[3] == ("apply", "apply/crm")
    versions = client.simulate_get("/v1/schedules/one/versions").json["items"]
    assert [(each["version"], each["action"]) for each in versions] == [(2, "schedule.update"), (1, "schedule.create")]
    apply(schedules={"one": HOURLY | {"priority": 1}, "two": HOURLY})
    assert get(client, "two")["version"] == 2  # of the name, the one that is gone among them
    assert len(client.simulate_get("/v1/audit", params={"action": "apply"}).json["items"]) == 3
    apply(schedules={"two": HOURLY})
    assert len(client.simulate_get("/v1/audit", params={"action": "apply"}).json["items"]) == 3  # nothing was written


def test_what_was_due_before_a_change_is_decided_by_the_old_definition(
    client: TestClient, apply: Apply, execute: Any
) -> None:
    apply(schedules={"one": HOURLY | {"cron": "* * * * *", "catchup": "none"}, "two": HOURLY})
    execute("UPDATE schedules SET cursor_at = date_trunc('minute', now()) - interval '10 min', next_due_at = now()")
    apply(schedules={"one": HOURLY | {"cron": "0 0 1 1 *"}}, prune=True)
    slots = client.simulate_get("/v1/schedules/one/slots").json["items"]
    assert sum(slot.get("slots", 1) for slot in slots) >= 10
    assert datetime.fromisoformat(get(client, "one")["next_due_at"]).month == 1


def test_a_quarantined_schedule_is_mended_by_a_file(client: TestClient, apply: Apply, execute: Any) -> None:
    apply(schedules={"one": HOURLY, "two": HOURLY})
    execute("UPDATE schedules SET cron = '[\"nonsense\"]', error = 'x', cursor_at = now() - interval '1 day'")
    assert names(apply(schedules={"one": HOURLY, "two": HOURLY}).json["update"]) == ["one", "two"]
    assert (get(client, "one")["error"], get(client, "two")["cron"]) == (None, "0 * * * *")


def test_a_body_may_be_larger_than_others(client: TestClient, apply: Apply) -> None:
    assert apply(schedules={f"s-{n}": HOURLY | {"description": "x" * 9000} for n in range(100)}).status_code == 200
    large = b'{"source": "crm", "schedules": {}, "x": "' + b"x" * 2 * 1024 * 1024 + b'"}'
    answer = client.simulate_post("/v1/apply", body=large, content_type="application/json")
    assert (answer.status_code, answer.json["detail"]) == (413, "the body is larger than 2048 KiB")


def test_a_thousand_schedules_are_applied_in_few_statements(
    client: TestClient, engine: sa.Engine, apply: Apply, announce: Callable[..., None]
) -> None:
    announce(parameters={"type": "object", "properties": {"message": {"type": "string"}}, "required": ["message"]})
    common = HOURLY | {"timezone": "Asia/Tokyo"}
    crons = [f"{n % 60} {n % 24} * * *" for n in range(1000)]
    many = {f"s-{n:04}": common | {"cron": cron, "args": {"message": str(n)}} for n, cron in enumerate(crons)}
    statements: list[str] = []
    sa.event.listen(engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    begun = time.thread_time()
    assert len(apply(schedules=many).json["create"]) == 1000
    assert time.thread_time() - begun < 3
    exported = client.simulate_get("/v1/export", params={"source": "crm"}).json
    assert client.simulate_post("/v1/apply", json=exported).json["unchanged"] == 1000
    changed = {name: schedule | {"priority": 1} for name, schedule in many.items()}
    assert len(apply(schedules=changed).json["update"]) == 1000
    assert len(apply(schedules={}, prune=True).json["delete"]) == 1000
    assert len(statements) < 100
