"""The ledger at work: runs that wait, give way, are skipped or late, and what is said of them."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.end_to_end.deployment import PROCFILE, ROOT, Deployment, instant
from tests.servers import databases, shared, vhosts
from tests.waiting import eventually

GREET = """
import dramatiq


@dramatiq.actor(queue_name="greetings")
def greet():
    \"""Says nothing.\"""
"""


@pytest.fixture(scope="module")
def callsheet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """One deployment for all of these tests: each uses schedules of its own."""
    node = shared.shared_rabbitmq()
    amqp_url = node["url"] if node["kind"] == "given" else vhosts.take_vhost(node)
    folder = tmp_path_factory.mktemp("ledger")
    (folder / "greetings.py").write_text(GREET)
    (folder / "strangers.py").write_text(GREET.replace("greetings", "strangers").replace("greet", "stranger"))
    with databases.database(migrated=True) as database_url, Deployment(folder, database_url, amqp_url) as running:
        running.environment["PYTHONPATH"] = f"{ROOT}:{folder}"
        yield running.start("web", "scheduling", "worker").ready()


def soon(deployment: Deployment, seconds: float = 1) -> datetime:
    """A whole second to come, by the database's clock."""
    now: datetime = deployment.query("SELECT date_trunc('second', now())")[0][0]
    return now + timedelta(seconds=1 + seconds)


def slots_of(deployment: Deployment, name: str) -> list[dict[str, Any]]:
    """What happened to each slot, oldest first."""
    return deployment.api.get(f"/v1/schedules/{name}/slots").json()["items"][::-1]


def explain(deployment: Deployment, name: str, at: datetime | str) -> dict[str, Any]:
    at = at if isinstance(at, str) else at.isoformat()
    return deployment.api.get(f"/v1/schedules/{name}/explain", params={"at": at}).json()


def test_a_paused_queue_holds_its_runs_and_a_resume_lets_them_go(callsheet: Deployment) -> None:
    queue = callsheet.api.post("/v1/queues/default/pause", json={"reason": "the printer burns"}).json()
    assert queue["paused"] is True
    at = soon(callsheet)
    callsheet.create("held", actor="log_message", args={"message": "x"}, at=at.isoformat())
    eventually(lambda: [slot["waiting_for"] for slot in slots_of(callsheet, "held")] == ["queue"])
    said = explain(callsheet, "held", at)
    assert said["outcome"] == "waiting"
    assert "with the reason “the printer burns”" in said["because"]
    [shown] = [each for each in callsheet.api.get("/v1/queues").json()["items"] if each["name"] == "default"]
    assert (shown["paused_by"], shown["planned"], shown["queued"]) == ("admin", 1, 0)

    assert callsheet.api.post("/v1/queues/default/resume").json()["paused"] is False
    assert callsheet.finished(said["run"]["id"])["state"] == "succeeded"
    assert "late because its queue default was paused" in explain(callsheet, "held", at)["because"]


def test_under_buffer_one_a_single_slot_waits_for_a_slow_run(callsheet: Deployment) -> None:
    starts = soon(callsheet)
    callsheet.create(
        "buffered",
        actor="run_process",
        args={"argv": ["sleep", "4.5"]},
        every_seconds=2,
        starts_at=starts.isoformat(),
        ends_at=(starts + timedelta(seconds=4)).isoformat(),
        overlap="buffer_one",
    )
    slots = eventually(
        lambda: (
            (found := slots_of(callsheet, "buffered"))
            and sum(slot["slots"] for slot in found) == 3
            and all(slot["finished_at"] for slot in found)
            and found
        ),
        message="all slots are settled",
    )
    assert [(slot["state"], slot["reason"]) for slot in slots] == [
        ("succeeded", None),
        ("succeeded", None),
        ("skipped", "overlap"),
    ]
    first, second, skipped = slots
    assert instant(second["started_at"]) >= instant(first["finished_at"])
    because = explain(callsheet, "buffered", second["slot_at"])["because"]
    assert f"late because an earlier run of the schedule was active (run {first['run_id']}" in because
    said = explain(callsheet, "buffered", skipped["slot_at"])
    assert said["because"].startswith(f"It was skipped because run {first['run_id']} ")
    assert said["because"].endswith(" was still running.")


def test_under_cancel_other_the_newest_slot_takes_over(callsheet: Deployment) -> None:
    starts = soon(callsheet)
    callsheet.create(
        "newest",
        actor="run_process",
        args={"argv": ["sleep", "63.5"]},
        every_seconds=4,
        starts_at=starts.isoformat(),
        ends_at=(starts + timedelta(seconds=4)).isoformat(),
        overlap="cancel_other",
    )
    eventually(lambda: [bool(slot["started_at"]) for slot in slots_of(callsheet, "newest")] == [True, True], 30)
    first, second = slots_of(callsheet, "newest")
    assert (first["state"], second["state"]) == ("cancelled", "running")
    assert instant(second["started_at"]) >= instant(first["finished_at"])
    because = explain(callsheet, "newest", first["slot_at"])["because"]
    assert f"while it ran, to let run {second['run_id']}" in because
    assert callsheet.api.post(f"/v1/runs/{second['run_id']}/cancel").status_code == 202
    callsheet.finished(second["run_id"])


def test_a_run_that_does_not_start_by_its_deadline_is_skipped(callsheet: Deployment) -> None:
    at = soon(callsheet)
    callsheet.create("late", actor="nobody_has_it", at=at.isoformat(), start_deadline_seconds=4)
    eventually(lambda: [slot["reason"] for slot in slots_of(callsheet, "late")] == ["deadline"])
    said = explain(callsheet, "late", at)
    assert said["outcome"] == "skipped"
    assert "4 seconds after it was due: no worker had announced its actor nobody_has_it." in said["because"]


def test_failures_in_a_row_pause_a_schedule(callsheet: Deployment) -> None:
    callsheet.create(
        "breaks",
        actor="run_process",
        args={"argv": ["sh", "-c", "exit 3"]},
        every_seconds=1,
        pause_after_failures=2,
    )
    schedule = eventually(
        lambda: (found := callsheet.api.get("/v1/schedules/breaks").json())["paused_at"] and found,
        message="it is paused",
    )
    assert (schedule["paused_by"], schedule["pause_reason"]) == ("callsheet", "2 failures in a row")
    assert [slot["state"] for slot in slots_of(callsheet, "breaks")[:2]] == ["failed", "failed"]
    said = explain(callsheet, "breaks", instant(schedule["paused_at"]) + timedelta(seconds=2))
    assert said["outcome"] == "paused"
    assert "paused by callsheet" in said["because"]
    assert "“2 failures in a row”" in said["because"]


def test_a_run_of_a_queue_whose_workers_do_not_know_its_actor_waits_and_says_so(callsheet: Deployment) -> None:
    command = PROCFILE["worker"].replace(" actors ", " actors strangers ")
    callsheet.start("worker.3", command=f"{command} --queues strangers")
    eventually(lambda: "stranger" in [each["name"] for each in callsheet.api.get("/v1/actors").json()["items"]])
    at = soon(callsheet)
    callsheet.create("lost", actor="stranger", queue="default", at=at.isoformat(), start_deadline_seconds=4)
    eventually(lambda: [slot["reason"] for slot in slots_of(callsheet, "lost")] == ["deadline"])
    [slot] = slots_of(callsheet, "lost")
    assert (slot["waiting_for"], callsheet.run(slot["run_id"])["attempts"]) == ("worker", [])
    said = explain(callsheet, "lost", at)
    assert "no worker of its queue default knew its actor stranger." in said["because"]


def test_a_run_waits_for_a_worker_that_knows_its_actor_and_says_so(callsheet: Deployment) -> None:
    at = soon(callsheet)
    callsheet.create("greeting", actor="greet", queue="greetings", at=at.isoformat())
    eventually(lambda: [slot["waiting_for"] for slot in slots_of(callsheet, "greeting")] == ["actor"])
    assert "no worker has announced its actor greet" in explain(callsheet, "greeting", at)["because"]

    callsheet.start("worker.2", command=PROCFILE["worker"].replace(" actors ", " actors greetings "))
    [slot] = slots_of(callsheet, "greeting")
    run = callsheet.finished(slot["run_id"])
    assert (run["state"], run["waiting_for"]) == ("succeeded", "actor")
    said = explain(callsheet, "greeting", at)
    assert said["outcome"] == "ran"
    assert "late because no worker had announced its actor greet" in said["because"]


def test_after_all_of_this_each_slot_has_its_row_as_callsheet_itself_says(callsheet: Deployment) -> None:
    """Also where a schedule was there for a moment only."""
    callsheet.create("brief", actor="log_message", args={"message": "x"}, every_seconds=1)
    eventually(lambda: len(slots_of(callsheet, "brief")) >= 2)
    callsheet.api.patch("/v1/schedules/brief", json={"cron": "*/3 * * * * *", "every_seconds": None})
    assert callsheet.api.delete("/v1/schedules/brief").status_code == 204
    run = callsheet.finished(callsheet.trigger("verify_slots"))
    assert run["state"] == "succeeded"
    found = callsheet.api.get("/v1/verify").json()
    assert (found["unaccounted"], found["truncated"], found["next"]) == ([], False, None)
    assert found["accounted"] == found["slots"] >= run["result"]["slots"] >= 2
    assert (run["result"]["unaccounted"], run["result"]["first"]) == (0, [])
    [(kept,)] = callsheet.query("SELECT result FROM housekeeping WHERE name = 'verify'")
    assert kept == run["result"]
