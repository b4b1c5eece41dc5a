"""Runs, queues, workers, actors and the hold by the command line, against a real server."""

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from tests.api.cli.served import CommandLine
from tests.waiting import eventually


@pytest.fixture
def trigger(callsheet: CommandLine) -> Callable[..., str]:
    """Trigger a schedule of that name, which is made if it is not there; the run's id."""

    def run(name: str) -> str:
        callsheet("schedules", "create", name, "--actor", "log_message", "overlap=allow")
        return callsheet.succeed("schedules", "trigger", name, "-o", "name").out.strip()

    return run


def test_runs_are_listed_by_the_filters_of_the_api(callsheet: CommandLine, trigger: Callable[..., str]) -> None:
    ids = [trigger("listed") for _ in range(3)]
    listed = callsheet.succeed("runs", "list", "--schedule", "listed", "--since", "2h", "-o", "name").out.split()
    assert sorted(listed) == sorted(ids)
    only = callsheet.succeed("runs", "list", "--schedule", "listed", "--limit", "2", "-o", "json").json
    assert [run["id"] for run in only] == listed[:2]
    lines = callsheet.succeed("runs", "list", "--schedule", "listed", "-o", "jsonl").out.splitlines()
    assert len(lines) == 3
    assert callsheet.succeed("runs", "list", "--schedule", "listed", "--state", "failed", "-o", "json").json == []
    assert callsheet.succeed("runs", "list", "--schedule", "listed", "--until", "1h", "-o", "json").json == []
    table = callsheet.succeed("runs", "list", "--schedule", "listed", "--time", "utc").out
    assert ids[0] in table
    assert "planned" in table


def test_a_list_goes_on_over_pages(callsheet: CommandLine, sql: Callable[..., Any]) -> None:
    callsheet.succeed("schedules", "create", "many", "--actor", "log_message", "overlap=allow")
    callsheet.succeed("schedules", "trigger", "many")
    sql(
        "INSERT INTO runs SELECT (jsonb_populate_record(r, jsonb_build_object('id',"
        " overlay(r.id::text placing lpad(to_hex(n), 12, '0') from 25)))).*"
        " FROM runs r, generate_series(1, 1100) n WHERE r.schedule_name = 'many'"
    )
    assert len(callsheet.succeed("runs", "list", "--schedule", "many", "--all", "-o", "name").out.split()) == 1101
    limited = callsheet.succeed("runs", "list", "--schedule", "many", "--limit", "700", "-o", "name")
    assert len(limited.out.split()) == 700


def test_runs_are_cancelled_and_retried_by_id(callsheet: CommandLine, trigger: Callable[..., str]) -> None:
    run = trigger("cancelled")
    assert callsheet.succeed("runs", "cancel", run, "-o", "json").json["state"] == "cancelled"
    refused = callsheet("runs", "cancel", run)
    assert (refused.code, refused.out) == (1, "")
    again = callsheet.succeed("runs", "retry", run, "-o", "json").json
    assert again["parent_run_id"] == run
    assert callsheet("runs", "get", str(uuid4())).code == 5
    assert callsheet("runs", "get", "no-id").code == 5


def test_runs_are_cancelled_by_a_filter_once_somebody_is_sure(
    callsheet: CommandLine, trigger: Callable[..., str]
) -> None:
    ids = [trigger("flood") for _ in range(3)]
    asked = ("runs", "cancel", "--schedule", "flood")
    assert callsheet.succeed(*asked, "--dry-run", "-o", "json").json["matched"] == 3
    unsure = callsheet(*asked)
    assert unsure.code == 2
    assert "Cancel 3 runs? Without a terminal nobody can be asked: say --yes" in unsure.err
    done = callsheet.succeed(*asked, "--yes", "-o", "json").json
    assert (done["changed"], sorted(done["ids"])) == (3, sorted(ids))
    assert callsheet("runs", "cancel", ids[0], "--schedule", "flood").code == 2
    assert callsheet("runs", "retry").code == 2


def test_somebody_at_a_terminal_is_asked(callsheet: CommandLine, trigger: Callable[..., str]) -> None:
    run = trigger("asked")
    terminal = callsheet.at_terminal("runs", "cancel", "--schedule", "asked")
    terminal.read_until("Cancel 1 run?")
    terminal.type("n")
    assert terminal.end().code == 1
    assert callsheet.succeed("runs", "get", run, "-o", "json").json["state"] == "planned"


def test_output_is_printed_as_it_is(
    callsheet: CommandLine, trigger: Callable[..., str], sql: Callable[..., Any]
) -> None:
    run = trigger("printed")
    assert callsheet.succeed("runs", "output", run).out == ""
    sql("INSERT INTO run_outputs (run_id, attempt, output, output_truncated) VALUES (%s, 1, %s, false)", run, "a\nb\n")
    sql("UPDATE runs SET attempt = 1, state = 'failed', started_at = now(), finished_at = now() WHERE id = %s", run)
    assert callsheet.succeed("runs", "output", run, "--attempt", "1").out == "a\nb\n"
    followed = callsheet.succeed("runs", "output", run, "--follow")
    assert followed.out == "a\nb\n"
    assert "failed" in followed.err


def test_a_watch_prints_a_line_for_each_change(callsheet: CommandLine, trigger: Callable[..., str]) -> None:
    run = trigger("watched")
    watch = callsheet.start("runs", "watch", "--schedule", "watched", "--interval", "0.2", "-o", "jsonl")
    assert watch.stdout is not None
    assert '"state": "planned"' in watch.stdout.readline()
    callsheet.succeed("runs", "cancel", run)
    assert '"state": "cancelled"' in watch.stdout.readline()
    watch.send_signal(2)
    assert watch.wait(20) == 130
    watch.communicate()
    one = callsheet("runs", "watch", run, "-o", "jsonl")
    assert (one.code, len(one.out.splitlines())) == (1, 1)


def test_a_watch_at_a_terminal_is_a_table_that_changes(callsheet: CommandLine, trigger: Callable[..., str]) -> None:
    run = trigger("lively")
    terminal = callsheet.at_terminal("runs", "watch", "--schedule", "lively", "--interval", "0.2", columns=160)
    terminal.read_until("planned")
    callsheet.succeed("runs", "cancel", run)
    terminal.read_until("cancelled")
    terminal.interrupt()
    assert terminal.end().code == 130


def test_dead_letters_are_told_with_their_reasons(callsheet: CommandLine, sql: Callable[..., Any]) -> None:
    assert "nobody has counted the dead letters of odd yet" in callsheet.succeed("queues", "dead-letters", "odd").err
    latest = {"at": "2030-01-31T09:00:00+00:00", "reason": "not_json", "because": "it is no JSON", "bytes": 12}
    sql(
        "INSERT INTO dead_letters (queue, letters, latest) VALUES ('odd', 1, %s)",
        json.dumps([latest | {"worker_id": str(uuid4())}]),
    )
    said = callsheet.succeed("queues", "dead-letters", "odd")
    assert "1 dead letter in odd" in said.err
    assert "it is no JSON" in said.out
    shown = callsheet.succeed("queues", "dead-letters", "odd", "-o", "json").json
    assert (shown["dead_letters"], shown["latest"][0]["reason"]) == (1, "not_json")
    assert callsheet.succeed("queues", "dead-letters", "odd", "-o", "jsonl").out.count("not_json") == 1
    queues = {each["name"]: each for each in callsheet.succeed("queues", "-o", "json").json}
    assert queues["odd"]["dead_letters"] == 1


def test_queues_are_paused_and_resumed(callsheet: CommandLine) -> None:
    assert callsheet.succeed("queues", "pause", "mail", "--reason", "a flood", "-o", "json").json["paused"]
    table = callsheet.succeed("queues").out
    assert "mail" in table
    assert "paused" in table
    assert "a flood" in table
    assert callsheet.succeed("queues", "resume", "mail", "-o", "json").json["paused"] is False


def test_everything_is_held_and_released(callsheet: CommandLine) -> None:
    assert callsheet.succeed("hold", "-o", "json").json["held"] is False
    held = callsheet.succeed("hold", "--reason", "a move", "--until", "2h", "-o", "json").json
    assert (held["held"], held["reason"]) == (True, "a move")
    assert "a move" in callsheet.succeed("hold").out
    assert callsheet.succeed("release", "-o", "json").json["held"] is False
    assert callsheet("hold", "--until", "2h").code == 2


def test_workers_are_listed_and_drained(callsheet: CommandLine, sql: Callable[..., Any]) -> None:
    worker = str(uuid4())
    sql(
        "INSERT INTO workers (id, host, pid, queues, actors, threads, version, started_at, last_seen_at, running)"
        " VALUES (%s, 'here', 7, '[\"default\"]', '[]', 8, '1', now(), now(), 0)",
        worker,
    )
    assert eventually(lambda: "live" in callsheet.succeed("workers").out)
    assert callsheet.succeed("workers", "-o", "name").out.strip() == worker
    drained = callsheet.succeed("workers", "drain", worker, "-o", "json").json
    assert drained[0]["drain_requested_at"]
    assert "draining" in callsheet.succeed("workers", "list").out
    assert callsheet("workers", "drain", str(uuid4())).code == 5


def test_actors_are_listed_with_their_arguments(callsheet: CommandLine, sql: Callable[..., Any]) -> None:
    sql(
        "INSERT INTO actors (name, queue, doc, parameters, options, announced_at) VALUES"
        " ('greet', 'mail', 'Greet somebody.', '{\"properties\": {\"who\": {}}}', '{}', now())"
    )
    table = callsheet.succeed("actors").out
    assert "greet  live   mail   who        Greet somebody." in table
    assert callsheet.succeed("actors", "greet", "-o", "json").json["queue"] == "mail"
    assert callsheet("actors", "nobody").code == 5


def test_a_preview_shows_slots_and_says_them_in_words(callsheet: CommandLine) -> None:
    said = callsheet.succeed("preview", "0 9 * * 1", "--tz", "Europe/Berlin", "-n", "2", "--after", "2026-01-01T00:00Z")
    assert len(said.out.splitlines()) == 3
    assert "2026-01-05T08:00:00Z  2026-01-05T09:00:00+01:00" in said.out
    assert "Monday" in said.err
    assert callsheet.succeed("preview", "--every", "90s", "-o", "json").json["words"] == "Every 90 seconds"
    assert callsheet("preview", "61 * * * *").code == 2
    assert callsheet("preview").code == 2
