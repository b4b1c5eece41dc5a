"""The command line with everything it asks: runs that are waited for and followed, and what is to come of many."""

import json
import signal
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.api.cli.served import CommandLine
from tests.end_to_end.deployment import TOKEN, Deployment, instant
from tests.waiting import eventually


@pytest.fixture
def callsheet(deployment: Deployment, tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path, {"CALLSHEET_URL": str(deployment.api.base_url), "CALLSHEET_TOKEN": TOKEN})


def test_a_trigger_waits_for_its_run_and_ends_as_that_does(callsheet: CommandLine) -> None:
    create = ("schedules", "create", "--actor", "run_process")
    callsheet.succeed(*create, "good", '--args={"argv": ["sh", "-c", "echo one; sleep 1; echo two"]}')
    callsheet.succeed(*create, "bad", '--args={"argv": ["sh", "-c", "echo oh; exit 3"]}')
    run = callsheet.succeed("schedules", "trigger", "good", "--wait", "-o", "json").json
    assert run["state"] == "succeeded"
    followed = callsheet.succeed("schedules", "trigger", "good", "--follow")
    assert "one\ntwo\n" in followed.out
    assert followed.out.count("one\n") == 1
    failed = callsheet("schedules", "trigger", "bad", "--wait", "-o", "json")
    assert (failed.code, failed.json["state"]) == (1, "failed")
    assert "run " in failed.err
    assert "failed" in callsheet.succeed("runs", "list", "--schedule", "bad", "--state", "failed").out
    output = callsheet.succeed("runs", "output", failed.json["id"]).out
    assert "oh" in output
    watched = callsheet("runs", "watch", failed.json["id"])
    assert watched.code == 1


def test_a_watch_is_told_of_what_begins_and_ends_between_two_looks(
    callsheet: CommandLine, deployment: Deployment
) -> None:
    deployment.create("quick", actor="log_message", args={"message": "hi"}, overlap="allow")
    watch = callsheet.start("runs", "watch", "--schedule", "quick", "--follow", "--interval", "10m", "-o", "jsonl")
    assert watch.stdout is not None
    first = deployment.trigger("quick")
    seen: list[dict[str, Any]] = []
    while not seen or seen[-1]["state"] != "succeeded":
        seen.append(json.loads(watch.stdout.readline()))
    assert {run["id"] for run in seen} == {first}
    second = deployment.trigger("quick")
    told = [json.loads(watch.stdout.readline()) for _ in range(2)]
    assert [(run["id"], run["state"]) for run in told] == [(second, "running"), (second, "succeeded")]
    assert told[1]["duration_seconds"] is not None
    watch.send_signal(signal.SIGINT)
    assert watch.wait(20) == 130
    watch.communicate()


def test_a_wait_outlives_a_restart_of_the_server(callsheet: CommandLine, deployment: Deployment) -> None:
    callsheet.succeed("schedules", "create", "slow", "--actor", "run_process", '--args={"argv": ["sleep", "4"]}')
    waiting = callsheet.start("schedules", "trigger", "slow", "--wait", "-o", "json")
    eventually(lambda: deployment.runs(schedule="slow", state="running"))
    assert deployment.stop("web") == 0
    deployment.start("web")
    out, err = waiting.communicate(timeout=60)
    assert waiting.returncode == 0, err
    assert '"state": "succeeded"' in out


def test_doctor_finds_a_deployment_well(callsheet: CommandLine, deployment: Deployment) -> None:
    said = callsheet(
        "doctor", "-o", "json", **{name: deployment.environment[name] for name in ("DATABASE_URL", "AMQP_URL")}
    )
    assert said.code == 0
    well = {finding["check"] for finding in said.json if finding["state"] == "ok"}
    assert {"scheduling", "workers", "rabbitmq", "queues", "actors", "leases"} <= well


def test_what_is_to_come_of_all_is_what_is_to_come_of_each(callsheet: CommandLine, deployment: Deployment) -> None:
    deployment.create("history", actor="log_message", args={"message": "hi"}, overlap="allow")
    for name in ("scheduling", "worker"):
        deployment.stop(name)
    deployment.execute(
        "INSERT INTO schedules SELECT (jsonb_populate_record(s, jsonb_build_object('id', gen_random_uuid(),"
        " 'name', 'many-' || n, 'cron', jsonb_build_array(n % 60 || CASE WHEN n % 3 = 0 THEN ' * ' ELSE ' 3 ' END"
        " || '* * *'), 'next_due_at', now(), 'cursor_at', now()))).*"
        " FROM schedules s, generate_series(1, 300) n WHERE s.name = 'history'"
    )
    [(now,)] = deployment.query("SELECT now()")
    since, until = now + timedelta(minutes=5), now + timedelta(hours=12)
    between = ("--since", since.isoformat(), "--until", until.isoformat(), "--limit", "10000")
    coming = [(each["slot_at"], each["schedule"]) for each in callsheet.succeed("next", *between, "-o", "json").json]
    assert coming == sorted(coming)
    assert len(coming) > 1000
    for name in (f"many-{number}" for number in range(3, 301, 33)):
        slots = deployment.api.get(f"/v1/schedules/{name}/upcoming", params={"count": 20}).json()["items"]
        expected = [slot["slot_at"] for slot in slots if since <= instant(slot["slot_at"]) < until]
        assert [slot for slot, schedule in coming if schedule == name] == expected
