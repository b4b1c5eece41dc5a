"""Every list and every thing in every format, empty and not, against a real server; in this process, as nothing of it
hangs on a process of its own."""

import json
import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import click
import pytest
from click.testing import CliRunner

from api.app import OPENAPI
from api.cli import main
from api.cli.yamls import read_yaml
from tests.api.cli.served import CommandLine, Said

ODD = "wide 日本 \u202e right to left, \x07 a bell, é"
NAME = "odd." + "n" * 120
LISTS = {
    "schedules list": "/v1/schedules",
    f"schedules next {NAME}": "",
    f"schedules slots {NAME}": "/v1/schedules/{name}/slots",
    f"schedules versions {NAME}": "/v1/schedules/{name}/versions",
    "runs list": "/v1/runs",
    "next": "/v1/upcoming",
    "queues": "/v1/queues",
    "workers": "/v1/workers",
    "actors": "/v1/actors",
    "tokens": "/v1/tokens",
    "audit": "/v1/audit",
}
EMPTY = (
    "schedules list --tag nobody-has-it",
    "schedules slots empty",
    "schedules next empty",
    "runs list --schedule nobody-has-it",
    "next --tag nobody-has-it",
    "audit --who nobody",
)
THINGS = (f"schedules get {NAME}", "runs get RUN", "actors greet", "hold", f"schedules explain {NAME}")


@pytest.fixture
def say(callsheet: CommandLine, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Said]:
    """The command line in this process, without a terminal."""
    for name in ("CALLSHEET_URL", "CALLSHEET_TOKEN"):
        monkeypatch.setenv(name, callsheet.environment[name])
    monkeypatch.setenv("XDG_CONFIG_HOME", str(callsheet.home))

    def run(line: str, *words: str) -> Said:
        ended = CliRunner().invoke(main, [*line.split(), *words])
        assert ended.exception is None or isinstance(ended.exception, SystemExit), ended.exception
        return Said(ended.exit_code, ended.stdout, ended.stderr)

    return run


@pytest.fixture
def run_id(say: Callable[..., Said], callsheet: CommandLine, sql: Callable[..., Any]) -> str:
    """A run of a schedule with odd texts, beside a worker, an actor, a token and what the audit has of it."""
    if say(f"schedules get {NAME}").code:
        callsheet.succeed(
            "schedules", "create", NAME, "--actor", "greet", "--cron", "0 * * * *", f"description={ODD[:20]}"
        )
        callsheet.succeed("schedules", "create", "empty", "--actor", "greet")
        callsheet.succeed("schedules", "pause", NAME, "--reason", ODD)
        callsheet.succeed("schedules", "resume", NAME)
        say("tokens create sees --role viewer")
        sql(
            "INSERT INTO workers (id, host, pid, queues, actors, threads, version, started_at, last_seen_at, running)"
            " VALUES (%s, 'here', 7, '[\"default\"]', '[]', 8, '1', now(), now(), 0)",
            str(uuid4()),
        )
        sql(
            "INSERT INTO actors (name, queue, doc, parameters, options, announced_at) VALUES"
            " ('greet', 'mail', %s, '{\"properties\": {\"who\": {}}}', '{}', now())",
            ODD,
        )
        sql("UPDATE schedules SET cursor_at = cursor_at - interval '1 hour' WHERE name = %s", NAME)
        made = say(f"schedules trigger {NAME} --slot-at 1h -o name").out.strip()
        sql(
            "UPDATE runs SET state = 'failed', attempt = 1, started_at = now(), finished_at = now(), error_type = 'E',"
            " trigger = 'schedule',"
            " error_message = %s, slot_at = date_trunc('hour', now()) WHERE id = %s",
            ODD,
            made,
        )
    return say(f"runs list --schedule {NAME} -o name").out.split()[-1]


@pytest.mark.parametrize("line", LISTS)
def test_a_list_is_the_same_in_every_format(say: Callable[..., Said], run_id: str, line: str) -> None:
    items = json.loads(say(f"{line} -o json").out)
    assert isinstance(items, list)
    assert items
    assert read_yaml(say(f"{line} -o yaml").out) == items
    assert [json.loads(each) for each in say(f"{line} -o jsonl").out.splitlines()] == items
    assert len(say(f"{line} -o name").out.splitlines()) == len(items)
    table = say(line).out.splitlines()
    assert len(table) == len(items) + 1
    assert table[0] == table[0].upper()


@pytest.mark.parametrize("line", LISTS)
def test_what_others_wrote_is_printable_in_tables(say: Callable[..., Said], run_id: str, line: str) -> None:
    shown = say(f"{line} --time local").out
    assert all(each.isprintable() or each == "\n" for each in shown)


@pytest.mark.parametrize("line", EMPTY)
def test_a_list_of_nothing_says_so_to_people_alone(say: Callable[..., Said], run_id: str, line: str) -> None:
    assert say(f"{line} -o json").out == "[]\n"
    assert read_yaml(say(f"{line} -o yaml").out) == []
    for output in ("jsonl", "name", "table"):
        said = say(f"{line} -o {output}")
        assert (said.code, said.out) == (0, "")
        assert ("nothing" in said.err) == (output == "table")


@pytest.mark.parametrize("line", THINGS)
def test_a_thing_is_the_same_in_every_format(say: Callable[..., Said], run_id: str, line: str) -> None:
    line = line.replace("RUN", run_id)
    item = json.loads(say(f"{line} -o json").out)
    assert isinstance(item, dict)
    assert read_yaml(say(f"{line} -o yaml").out) == item
    assert json.loads(say(f"{line} -o jsonl").out) == item
    assert len(say(f"{line} -o name").out.splitlines()) == 1
    shown = say(line).out
    assert shown
    assert all(each.isprintable() or each == "\n" for each in shown)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a%2Fb", "a?b", "a#b", "ä", " ", "-x", "x" * 500])
def test_a_name_that_is_none_is_not_found(say: Callable[..., Said], name: str) -> None:
    said = say("schedules get --", name)
    assert (said.code, said.out) == (5, ""), said
    assert said.err.startswith("Error: there is no schedule ")


def test_instants_are_as_they_are_asked_for(
    say: Callable[..., Said], run_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for line in ("runs list", "audit", "workers", f"runs get {run_id}", f"schedules versions {NAME}"):
        assert re.search(r"\b\d+ (s|min|h|d) ago", say(f"{line} --time relative").out), line
        assert re.search(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", say(f"{line} --time utc").out), line
        assert re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[+-]\d\d:\d\d", say(f"{line} --time local").out), line


@pytest.mark.parametrize(("line", "path"), [(line, path) for line, path in LISTS.items() if path])
def test_a_list_has_the_filters_of_the_api(line: str, path: str) -> None:
    theirs = {each["name"] for each in OPENAPI["paths"][path]["get"]["parameters"] if each["in"] == "query"}
    command: click.Command = main
    for word in [*line.split()[:2], "list"]:
        if isinstance(command, click.Group) and (found := command.get_command(click.Context(command), word)):
            command = found
    options = {option.name for option in command.params}
    assert theirs - {"cursor", "fields", "count"} <= options
