"""Talk, colours, exit codes and errors: what is said where, with a terminal and without."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest

from api.cli.groups import Group
from api.cli.tree import COMMANDS, Branch, Leaf, Tree
from tests.api.cli.served import CommandLine
from tests.end_to_end.deployment import ROOT

LEAN = ("httpx", "rich", "pydantic", "sqlalchemy", "ruamel", "ssl", "falcon", "psycopg", "urllib.request")


def leaves(tree: Tree) -> Iterator[tuple[list[str], Leaf]]:
    for name, each in tree.items():
        if isinstance(each, Branch):
            yield from (([name, *below], leaf) for below, leaf in leaves(each.commands))
        else:
            yield [name], each


ALL = list(leaves(COMMANDS))


@pytest.mark.parametrize(("words", "leaf"), ALL, ids=[" ".join(words) for words, _ in ALL])
def test_every_command_is_there_and_says_what_it_does(words: list[str], leaf: Leaf) -> None:
    group = Group("callsheet", "", COMMANDS)
    for word in words:
        command = group.get_command(None, word)  # type: ignore[arg-type]
        assert command is not None
        if isinstance(command, Group):
            group = command
    assert command.name == words[-1].removesuffix("_")
    assert command.help
    options = [name for each in command.params for name in each.opts]
    assert len(options) == len(set(options)), "it has an option that all commands have"
    assert leaf.about.endswith(".")


CONTRACT = """
up config migrate doctor openapi completion
schedules list|get|create|edit|set|delete|trigger|pause|resume|next|slots|explain|versions|rollback
runs list|get|output|cancel|retry|watch
apply diff export validate
import crontab|k8s|beat|apscheduler|periodiq
preview next hold release workers actors
queues list|pause|resume
channels list|get|set|delete|test|deliveries
tokens create|list|revoke
audit verify login logout
"""


def test_all_commands_that_were_promised_are_there() -> None:
    known = {" ".join(words) for words, _ in ALL} | {
        name for name, each in COMMANDS.items() if isinstance(each, Branch)
    }
    for line in CONTRACT.split("\n"):
        noun, _, verbs = line.partition(" ")
        promised = [f"{noun} {verb}" for verb in verbs.split("|")] if "|" in verbs else line.split()
        assert {*promised} <= known


def test_a_list_of_commands_imports_none(callsheet: CommandLine) -> None:
    for args in (["--help"], ["schedules", "--help"]):
        assert imported(callsheet, *args) & {*LEAN} == set()
    assert callsheet.succeed("--help").out.count("\n  ") >= len(COMMANDS)


def test_a_list_in_a_pipe_imports_nothing_that_takes_long(callsheet: CommandLine) -> None:
    assert imported(callsheet, "runs", "list", "-o", "jsonl") & {*LEAN} == {"ssl"}


def imported(callsheet: CommandLine, *args: str) -> set[str]:
    ran = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "api.cli", *args],
        cwd=ROOT, env=callsheet.environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return set(re.findall(r"\|\s+([\w.]+)$", ran.stderr, flags=re.MULTILINE))


@pytest.mark.parametrize(
    ("environment", "args", "is_coloured"),
    [
        ({}, [], True),
        ({"NO_COLOR": "1"}, [], False),
        ({"TERM": "dumb"}, [], False),
        ({}, ["--color", "never"], False),
        ({"NO_COLOR": "1"}, ["--color", "always"], True),
    ],
)
def test_colours_are_for_terminals(
    callsheet: CommandLine, environment: dict[str, str], args: list[str], is_coloured: bool
) -> None:
    callsheet("schedules", "create", "coloured", "--actor", "log_message")
    said = callsheet.at_terminal("schedules", "list", *args, **environment).end()
    assert said.code == 0
    assert ("\033[" in said.out) == is_coloured


def test_colours_in_a_pipe_are_forced_alone(callsheet: CommandLine) -> None:
    callsheet("schedules", "create", "coloured", "--actor", "log_message")
    assert "\033[" in callsheet.succeed("schedules", "list", CLICOLOR_FORCE="1").out
    assert "\033[" in callsheet.succeed("--color", "always", "schedules", "list").out
    assert "\033[" not in callsheet.succeed("schedules", "list", CLICOLOR_FORCE="0").out
    assert "\033[" not in callsheet.succeed("schedules", "list", "-o", "json", CLICOLOR_FORCE="1").out


def test_a_terminal_of_few_columns_gets_lines_that_fit(callsheet: CommandLine) -> None:
    callsheet("schedules", "create", "fitting", "--actor", "log_message", "--cron", "*/5 8-18 * * 1-5")
    said = callsheet.at_terminal("schedules", "list", "--color", "never", columns=60).end()
    assert max(len(line) for line in said.out.splitlines()) <= 60


def test_times_are_relative_for_people_and_exact_for_programs(callsheet: CommandLine) -> None:
    callsheet("schedules", "create", "timed", "--actor", "log_message", "--every", "1h")
    assert "in " in callsheet.succeed("schedules", "list", "--time", "relative").out
    assert re.search(r"\d{4}-\d\d-\d\dT\d\d:00:00Z", callsheet.succeed("schedules", "list").out)
    local = callsheet.succeed("schedules", "list", "--time", "local", TZ="Asia/Kolkata").out
    assert re.search(r"\d\d:30:00\+05:30", local)


def test_what_others_wrote_moves_no_cursor(callsheet: CommandLine) -> None:
    callsheet("schedules", "create", "sly", "--actor", "\033[2Jlog", 'description="\\u001b[31mred"')
    said = callsheet.succeed("schedules", "list")
    assert "\\x1b[2Jlog" in said.out
    assert "\033" not in callsheet.succeed("schedules", "get", "sly").out


def test_a_reader_that_leaves_is_no_fault(callsheet: CommandLine) -> None:
    for number in range(3):
        callsheet("schedules", "create", f"left-{number}", "--actor", "log_message", f"description={'x' * 9000}")
    read, write = os.pipe()
    os.close(read)
    argv = [sys.executable, "-m", "api.cli", "schedules", "list", "-o", "json"]
    ended = subprocess.run(argv, cwd=ROOT, env=callsheet.environment, stdout=write, stderr=subprocess.PIPE, check=False)
    os.close(write)
    assert (ended.returncode, ended.stderr) == (141, b"")


def test_a_wrong_token_and_none_are_told_apart(callsheet: CommandLine) -> None:
    for token in ("", "wrong" * 8):
        said = callsheet("schedules", "list", CALLSHEET_TOKEN=token)
        assert (said.code, said.out) == (4, "")
        assert "callsheet login" in said.err
        assert "wrongwrong" not in said.err
    assert callsheet("schedules", "list", CALLSHEET_TOKEN="süß").code == 2


def test_somebody_without_the_role_is_refused(callsheet: CommandLine) -> None:
    viewer = callsheet.succeed("tokens", "create", "sees", "--role", "viewer").out.strip()
    said = callsheet("schedules", "create", "unseen", "--actor", "log_message", CALLSHEET_TOKEN=viewer)
    assert said.code == 4
    assert said.err.startswith("Error: this call needs the role editor. `callsheet login` with a token that may")


def test_wrong_usage_is_2(callsheet: CommandLine) -> None:
    for args in (["schedules", "lost"], ["runs", "list", "--since", "soon"], ["runs", "list", "--limit", "0"], []):
        assert callsheet(*args).code == 2


def test_nothing_is_deleted_without_a_yes(callsheet: CommandLine) -> None:
    callsheet("schedules", "create", "kept", "--actor", "log_message")
    said = callsheet("schedules", "delete", "kept")
    assert said.code == 2
    assert "say --yes" in said.err
    terminal = callsheet.at_terminal("schedules", "delete", "kept")
    terminal.read_until("Delete kept?")
    terminal.type("y")
    assert terminal.end().code == 0
    assert callsheet("schedules", "get", "kept").code == 5


def test_ctrl_c_at_a_question_is_130(callsheet: CommandLine) -> None:
    callsheet("schedules", "create", "unsure", "--actor", "log_message")
    terminal = callsheet.at_terminal("schedules", "delete", "unsure")
    terminal.read_until("Delete unsure?")
    terminal.interrupt()
    assert terminal.end().code == 130


def test_yaml_says_to_older_readers_what_it_says(callsheet: CommandLine) -> None:
    body = ["description=two\nlines", 'args.country="NO"', 'args.at="06:00"', 'args.when="2026-01-01"']
    callsheet("schedules", "create", "yaml", "--actor", "log_message", *body)
    text = callsheet.succeed("schedules", "get", "yaml", "-o", "yaml").out
    assert 'country: "NO"' in text
    assert 'at: "06:00"' in text
    assert "when: '2026-01-01'" in text
    assert "description: |-\n  two\n  lines" in text
