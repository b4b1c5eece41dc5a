"""Edits, pauses and triggers: none loses a slot, repeats one, or fires by itself."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from falcon.testing import TestClient

Execute = Callable[..., Any]


def _runs(execute: Execute) -> list[Any]:
    rows: list[Any] = execute("SELECT state, reason, trigger, slots, slot_at FROM runs ORDER BY id")
    return rows


@pytest.fixture
def minutely(create: Callable[..., Any], execute: Execute) -> None:
    """A schedule of every minute whose slots of the last ten minutes nobody has decided yet."""
    create(cron="* * * * *")
    execute("UPDATE schedules SET cursor_at = now() - interval '10 min', next_due_at = now() - interval '9 min'")


@pytest.mark.parametrize("edit", ["patch", "put", "delete", "pause"])
def test_what_was_due_before_an_edit_is_decided_by_the_old_definition(
    client: TestClient, minutely: None, execute: Execute, edit: str
) -> None:
    match edit:
        case "patch":
            client.simulate_patch("/v1/schedules/nightly", json={"cron": "0 0 1 1 *"})
        case "put":
            client.simulate_put("/v1/schedules/nightly", json={"actor": "other"})
        case "delete":
            client.simulate_delete("/v1/schedules/nightly")
        case "pause":
            client.simulate_post("/v1/schedules/nightly/pause")
    runs = _runs(execute)
    assert sum(run.slots for run in runs) == 10
    assert [run.state for run in runs].count("planned") == 1


def test_an_edit_that_is_refused_decides_nothing(client: TestClient, minutely: None, execute: Execute) -> None:
    assert client.simulate_patch("/v1/schedules/nightly", json={"cron": "bad"}).status_code == 422
    assert _runs(execute) == []


def test_an_edit_never_fires_by_itself(client: TestClient, create: Callable[..., Any], execute: Execute) -> None:
    create(at="2000-01-01T00:00:00Z")
    changes = (
        {"at": None, "cron": "0 0 * * *"},
        {"cron": None, "every_seconds": 86400},
        {"at": "2001-01-01T00:00:00Z", "every_seconds": None},
    )
    for change in changes:
        changed = client.simulate_patch("/v1/schedules/nightly", json=change)
        assert changed.status_code == 200, changed.text
    assert _runs(execute) == []
    assert changed.json["next_due_at"] is None


def test_an_edit_ends_the_quarantine(client: TestClient, create: Callable[..., Any], execute: Execute) -> None:
    create(cron="0 0 * * *")
    execute("UPDATE schedules SET error = 'bad', cron = '[\"31 2\"]'")
    broken = client.simulate_get("/v1/schedules/nightly").json
    assert (broken["error"], broken["next_due_at"]) == ("bad", None)
    assert client.simulate_get("/v1/schedules/nightly/upcoming").json["items"] == []
    mended = client.simulate_patch("/v1/schedules/nightly", json={"cron": "0 0 * * *"}).json
    assert mended["error"] is None
    assert mended["next_due_at"] is not None


def test_a_pause_says_who_why_and_until_when(client: TestClient, create: Callable[..., Any]) -> None:
    create(cron="* * * * *")
    until = (datetime.now(UTC) + timedelta(days=1)).replace(microsecond=0)
    paused = client.simulate_post(
        "/v1/schedules/nightly/pause", json={"reason": "holiday", "until": until.isoformat()}
    ).json
    assert (paused["paused_by"], paused["pause_reason"]) == ("admin", "holiday")
    assert datetime.fromisoformat(paused["paused_until"]) == until
    assert until < datetime.fromisoformat(paused["next_due_at"]) <= until + timedelta(minutes=1)
    again = client.simulate_post("/v1/schedules/nightly/pause", json={"reason": "longer"}).json
    assert (again["paused_at"], again["pause_reason"], again["paused_until"]) == (paused["paused_at"], "longer", None)
    assert again["next_due_at"] is None


def test_a_pause_must_end_in_the_future(client: TestClient, create: Callable[..., Any]) -> None:
    create()
    answer = client.simulate_post("/v1/schedules/nightly/pause", json={"until": "2020-01-01T00:00:00Z"})
    assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, "/until")


def test_what_passed_while_paused_is_one_skip(client: TestClient, create: Callable[..., Any], execute: Execute) -> None:
    create(cron="* * * * *")
    client.simulate_post("/v1/schedules/nightly/pause")
    execute("UPDATE schedules SET cursor_at = now() - interval '10 min', paused_at = now() - interval '10 min'")
    client.simulate_post("/v1/schedules/nightly/pause", json={"reason": "still"})
    assert _runs(execute) == []
    resumed = client.simulate_post("/v1/schedules/nightly/resume").json
    assert [(run.state, run.reason, run.slots) for run in _runs(execute)] == [("skipped", "paused", 10)]
    assert (resumed["paused_at"], resumed["pause_reason"]) == (None, None)
    assert datetime.fromisoformat(resumed["next_due_at"]) > datetime.now(UTC) - timedelta(seconds=30)


def test_the_row_of_a_pause_says_who_paused_why_and_who_resumed(
    client: TestClient, create: Callable[..., Any], execute: Execute
) -> None:
    create(cron="* * * * *")
    client.simulate_post("/v1/schedules/nightly/pause", json={"reason": "holiday"})
    execute("UPDATE schedules SET cursor_at = '2026-01-01T00:00Z', paused_at = '2026-01-01T00:00Z', paused_by = 'anna'")
    client.simulate_post("/v1/schedules/nightly/resume")
    [row] = client.simulate_get("/v1/runs").json["items"]
    assert (row["reason"], row["created_by"]) == ("paused", "admin")
    assert row["result"] == {
        "paused_at": "2026-01-01T00:00:00.000000Z",
        "paused_by": "anna",
        "pause_reason": "holiday",
    }


def test_resuming_what_is_not_paused_changes_nothing(client: TestClient, create: Callable[..., Any]) -> None:
    created = create(cron="* * * * *")
    assert client.simulate_post("/v1/schedules/nightly/resume").json["updated_at"] == created["updated_at"]


def test_resuming_gives_failures_a_new_start(client: TestClient, create: Callable[..., Any], execute: Execute) -> None:
    create(cron="* * * * *", pause_after_failures=3)
    execute("UPDATE schedules SET consecutive_failures = 3, paused_at = now()")
    assert client.simulate_post("/v1/schedules/nightly/resume").json["consecutive_failures"] == 0


class TestTrigger:
    def test_it_gives_a_run_and_moves_no_slot(self, client: TestClient, create: Callable[..., Any]) -> None:
        created = create(cron="0 0 * * *", args={"message": "a"})
        answer = client.simulate_post("/v1/schedules/nightly/trigger")
        assert answer.status_code == 202
        assert (answer.json["state"], answer.json["trigger"], answer.json["slot_at"]) == ("planned", "manual", None)
        assert (answer.json["schedule"], answer.json["args"]) == ("nightly", {"message": "a"})
        assert answer.json["created_by"] == "admin"
        assert client.simulate_get(answer.headers["Location"]).json["id"] == answer.json["id"]
        assert client.simulate_get("/v1/schedules/nightly").json["next_due_at"] == created["next_due_at"]

    def test_it_works_while_paused(self, client: TestClient, create: Callable[..., Any]) -> None:
        create(cron="0 0 * * *")
        client.simulate_post("/v1/schedules/nightly/pause")
        assert client.simulate_post("/v1/schedules/nightly/trigger").json["state"] == "planned"

    def test_arguments_policy_and_time_can_be_others(self, client: TestClient, create: Callable[..., Any]) -> None:
        create(args={"message": "a"})
        client.simulate_post("/v1/schedules/nightly/trigger")
        due = (datetime.now(UTC) + timedelta(days=1)).replace(microsecond=0).isoformat().replace("+00:00", "Z")
        body = {"args": {"other": 1}, "overlap": "allow", "due_at": due}
        run = client.simulate_post("/v1/schedules/nightly/trigger", json=body).json
        assert (run["state"], run["args"], run["due_at"]) == ("planned", {"other": 1}, due)

    def test_where_overlap_forbids_it_the_run_is_a_skip(self, client: TestClient, create: Callable[..., Any]) -> None:
        create()
        client.simulate_post("/v1/schedules/nightly/trigger")
        second = client.simulate_post("/v1/schedules/nightly/trigger")
        assert (second.status_code, second.json["state"], second.json["reason"]) == (202, "skipped", "overlap")

    def test_the_same_key_gives_the_same_run(self, client: TestClient, create: Callable[..., Any]) -> None:
        create()
        ids = [
            client.simulate_post("/v1/schedules/nightly/trigger", headers={"Idempotency-Key": key}).json["id"]
            for key in ("one", "one", "two")
        ]
        assert ids[0] == ids[1] != ids[2]

    @pytest.mark.parametrize("key", ["", "a" * 256, "a b", "ä"])
    def test_a_key_must_be_short_and_visible(self, client: TestClient, create: Callable[..., Any], key: str) -> None:
        create()
        answer = client.simulate_post("/v1/schedules/nightly/trigger", headers={"Idempotency-Key": key})
        assert answer.status_code == 400

    @pytest.mark.parametrize(
        ("body", "pointer"),
        [({"overlap": "x"}, "/overlap"), ({"due_at": "9999-12-31T00:00:00Z"}, "/due_at"), ({"when": 1}, "/when")],
    )
    def test_a_bad_field_is_named(
        self, client: TestClient, create: Callable[..., Any], body: dict[str, Any], pointer: str
    ) -> None:
        create()
        answer = client.simulate_post("/v1/schedules/nightly/trigger", json=body)
        assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, pointer)

    def test_there_must_be_such_a_schedule(self, client: TestClient) -> None:
        for act in ("trigger", "pause", "resume"):
            assert client.simulate_post(f"/v1/schedules/nothing/{act}").status_code == 404
