"""Pipes that close, streams that are not there, signals and terminals: how a command ends whatever is around it."""

import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.api.cli.served import CommandLine
from tests.end_to_end.deployment import ROOT
from tests.waiting import eventually


@pytest.fixture
def shell(callsheet: CommandLine, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a line of bash in which `callsheet` is the real command."""

    def run(line: str, **environment: str) -> subprocess.CompletedProcess[str]:
        argv = ["bash", "-c", line]
        given = callsheet.environment | environment
        return subprocess.run(argv, cwd=tmp_path, env=given, capture_output=True, text=True, timeout=60, check=False)

    return run


@pytest.fixture
def schedules(callsheet: CommandLine, sql: Callable[..., Any]) -> Iterator[str]:
    """300 schedules, and the tag that they have."""
    callsheet("schedules", "create", "row", "--actor", "log_message", "--tag", "many", "--cron", "*/5 * * * *")
    sql(
        "INSERT INTO schedules SELECT (jsonb_populate_record(s, jsonb_build_object('id', gen_random_uuid(),"
        " 'name', 'row-' || n))).* FROM schedules s, generate_series(1, 299) n WHERE s.name = 'row'"
    )
    yield "many"
    sql("DELETE FROM schedules WHERE name LIKE 'row-%%'")


def test_a_reader_that_leaves_is_no_fault(shell: Callable[..., Any], schedules: str) -> None:
    for command in ("-o jsonl", "-o json", "-o yaml", "-o name", ""):
        ended = shell(f"callsheet schedules list --tag {schedules} {command} | head -1; echo ${{PIPESTATUS[0]}}")
        assert ended.stderr == ""
        assert ended.stdout.splitlines()[-1] in ("0", "141")  # a pipe may hold all of it
    ended = shell("(callsheet schedules get lost 2>&1; echo $? >&3) 3>&2 | true")
    assert ended.stderr.strip() in ("5", "141")


def test_a_disk_that_is_full_is_a_sentence(shell: Callable[..., Any]) -> None:
    ended = shell("callsheet completion bash > /dev/full")
    assert ended.returncode == 1
    assert ended.stderr == "Error: what was to be written: No space left on device\n"


def test_streams_that_are_closed_are_no_fault(shell: Callable[..., Any]) -> None:
    shell("callsheet schedules create closed --actor log_message")
    unasked = shell("callsheet schedules delete closed <&-")
    assert unasked.returncode == 2
    assert "say --yes" in unasked.stderr
    assert shell("callsheet schedules list >&-").returncode == 0
    assert shell("callsheet schedules get lost 2>&-").returncode == 5


def test_what_an_encoding_has_not_is_escaped(shell: Callable[..., Any]) -> None:
    shell("callsheet schedules create encoded --actor log_message; callsheet schedules set encoded description=ü")
    ended = shell("callsheet schedules versions encoded", PYTHONIOENCODING="ascii")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "description:  \\u2192 \\xfc" in ended.stdout


def test_what_is_not_utf8_is_wrong_usage(shell: Callable[..., Any]) -> None:
    ended = shell("callsheet schedules get $'\\xff'")
    assert (ended.returncode, ended.stderr) == (2, "Error: what was given is not UTF-8\n")


def test_ctrl_c_while_a_run_is_waited_for_is_130(callsheet: CommandLine, sql: Callable[..., Any]) -> None:
    callsheet.succeed("schedules", "create", "waited", "--actor", "log_message", "overlap=allow")
    waiting = [callsheet.start("schedules", "trigger", "waited", how) for how in ("--wait", "--follow")]
    eventually(lambda: sql("SELECT count(*) FROM runs WHERE schedule_name = 'waited'") == [(2,)])
    run = callsheet.succeed("runs", "list", "--schedule", "waited", "--limit", "1", "-o", "name").out.strip()
    waiting.append(callsheet.start("runs", "watch", run))
    waiting.append(callsheet.start("runs", "output", run, "--follow"))
    assert waiting[2].stdout is not None
    assert "planned" in waiting[2].stdout.readline()
    for process in waiting:
        eventually(lambda process=process: interrupted(process))  # type: ignore[misc]
        out, err = process.communicate()
        assert process.returncode == 130
        assert err.endswith("Interrupted.\n")
        assert "Traceback" not in out + err


def interrupted(process: subprocess.Popen[str]) -> bool:
    """Python may not have begun to listen when the first comes."""
    process.send_signal(signal.SIGINT)
    try:
        process.wait(1)
    except subprocess.TimeoutExpired:
        return False
    return True


def test_ctrl_c_before_all_is_imported_is_130(callsheet: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "click.py").write_text("raise KeyboardInterrupt\n")
    said = callsheet("schedules", "list", PYTHONPATH=f"{tmp_path}:{ROOT}")
    assert (said.code, said.out, said.err) == (130, "", "")


def test_a_long_list_goes_through_the_pager_on_a_terminal_alone(callsheet: CommandLine, schedules: str) -> None:
    given = {"PAGER": "sed s/^/paged:/"}
    listed = ("schedules", "list", "--tag", schedules, "--color", "never")
    paged = callsheet.at_terminal(*listed, **given).end()
    assert "paged:NAME" in paged.out
    assert paged.out.count("\npaged:row-") == 299
    assert "paged:" not in callsheet.at_terminal("schedules", "list", "--q", "row-7", **given).end().out.splitlines()[0]
    assert "paged:" not in callsheet.at_terminal(*listed, "-o", "name", **given).end().out
    assert "paged:" not in callsheet.succeed(*listed, **given).out


def test_a_terminal_that_can_not_be_printed_over_gets_lines(callsheet: CommandLine) -> None:
    callsheet.succeed("schedules", "create", "dumb", "--actor", "log_message")
    callsheet.succeed("schedules", "trigger", "dumb")
    terminal = callsheet.at_terminal("runs", "watch", "--schedule", "dumb", TERM="dumb")
    terminal.read_until("planned")
    terminal.interrupt()
    said = terminal.end()
    assert said.code == 130
    assert "\033" not in said.out


def test_nothing_is_asked_without_a_terminal(callsheet: CommandLine) -> None:
    callsheet.succeed("schedules", "create", "unasked", "--actor", "log_message")
    for command, option in (
        (["schedules", "delete", "unasked"], "--yes"),
        (["runs", "cancel", "--state", "planned"], "--yes"),
        (["schedules", "edit", "unasked"], "EDITOR"),
        (["login", callsheet.environment["CALLSHEET_URL"]], "--with-token"),
    ):
        said = callsheet(*command, stdin="y\ny\n")
        assert (said.code, said.out) == (2, ""), command
        assert option in said.err


@pytest.mark.parametrize("args", [["--version"], ["-h"], ["schedules", "list", "-h"]])
def test_the_installed_command_is_this_one(shell: Callable[..., Any], args: list[str]) -> None:
    ended = shell(f"callsheet {' '.join(args)}")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.lower().startswith(("callsheet ", "usage: callsheet"))


def test_a_word_that_is_nearly_right_is_answered_with_the_right_one(callsheet: CommandLine) -> None:
    for words, meant in ((["shedules", "list"], "schedules"), (["runs", "lst"], "list"), (["preveiw"], "preview")):
        said = callsheet(*words)
        assert said.code == 2
        assert f"Did you mean {meant}" in said.err
    assert "Did you mean" not in callsheet("wholly-else").err
