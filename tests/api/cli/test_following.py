"""Runs that go on, followed by the command line: each line once, over attempts, and how far they are on a terminal."""

from collections.abc import Callable
from typing import Any

import pytest

from api.cli.remote.runs.status import say_progress
from tests.api.cli.served import CommandLine

PRINT = "INSERT INTO live_outputs (run_id, attempt, start, output) VALUES (%s, %s, %s, %s)"
END = """
WITH printed AS (
    INSERT INTO run_outputs (run_id, attempt, output, output_truncated) VALUES (%s, %s, %s, false)
), hidden AS (
    DELETE FROM live_outputs
), silenced AS (
    DELETE FROM live_progress
)
UPDATE runs SET state = %s, finished_at = now() WHERE id = %s
"""


@pytest.fixture
def running(callsheet: CommandLine, sql: Callable[..., Any]) -> str:
    """A run in its first attempt."""
    callsheet("schedules", "create", "lively", "--actor", "log_message", "overlap=allow")
    run = callsheet.succeed("schedules", "trigger", "lively", "-o", "name").out.strip()
    sql("UPDATE runs SET state = 'running', attempt = 1, worker_id = id, started_at = now() WHERE id = %s", run)
    return run


def test_what_an_attempt_prints_last_comes_before_the_next_one(
    callsheet: CommandLine, running: str, sql: Callable[..., Any]
) -> None:
    sql(PRINT, running, 1, 0, "one\n")
    following = callsheet.start("runs", "output", running, "--follow")
    assert following.stdout is not None
    assert following.stdout.readline() == "one\n"
    sql(END, running, 1, "one\ntwo\n", "running", running)
    sql("INSERT INTO run_outputs (run_id, attempt, output, output_truncated) VALUES (%s, 2, 'three\n', false)", running)
    sql(PRINT, running, 3, 0, "four\n")
    sql("UPDATE runs SET attempt = 3 WHERE id = %s", running)
    assert [following.stdout.readline() for _ in range(3)] == ["two\n", "three\n", "four\n"]
    sql(END, running, 3, "four\nfive", "succeeded", running)
    out, err = following.communicate(timeout=60)
    assert (following.returncode, out) == (0, "five")
    assert err.splitlines() == ["attempt 2", "attempt 3", f"{running} succeeded"]


def test_how_far_a_run_is_stands_at_the_foot_of_a_terminal(
    callsheet: CommandLine, running: str, sql: Callable[..., Any]
) -> None:
    said = '{"done": 420, "total": 1000, "note": "orders\x1b[2J", "eta_seconds": 61, "at": "2026-03-01T00:00:00Z"}'
    said = said.replace("\x1b", "\\u001b")
    sql("INSERT INTO live_progress (run_id, attempt, progress) VALUES (%s, 1, %s)", running, said)
    terminal = callsheet.at_terminal("runs", "output", running, "--follow")
    terminal.read_until("42%, 420 of 1000: orders\\x1b[2J (")
    sql(PRINT, running, 1, 0, "a line\n")
    terminal.read_until("\r\x1b[Ka line")
    sql(END, running, 1, "a line\n", "succeeded", running)
    ended = terminal.end()
    assert ended.code == 0
    assert ended.out.endswith(f"\r\x1b[K{running} succeeded\n")


def test_elsewhere_nothing_is_said_of_it(callsheet: CommandLine, running: str, sql: Callable[..., Any]) -> None:
    said = '{"done": 1, "total": null, "note": null, "eta_seconds": null, "at": "2026-03-01T00:00:00Z"}'
    sql("INSERT INTO live_progress (run_id, attempt, progress) VALUES (%s, 1, %s)", running, said)
    following = callsheet.start("runs", "output", running, "--follow")
    sql(PRINT, running, 1, 0, "a line\n")
    assert following.stdout is not None
    assert following.stdout.readline() == "a line\n"
    sql(END, running, 1, "a line\n", "failed", running)
    assert following.communicate(timeout=60) == ("", f"{running} failed\n")


@pytest.mark.parametrize(
    ("progress", "words"),
    [
        ({"done": 1, "total": 3}, "33%, 1 of 3"),
        ({"done": 0.5, "total": None}, "0.5 done"),
        ({"done": 2.0, "total": None, "note": "pages\nand more"}, "2 done: pages"),
        ({"done": 1, "total": 2, "eta_seconds": 7200.4}, "50%, 1 of 2 (2 h to go)"),
        ({"done": 2, "total": 2, "eta_seconds": 0.0}, "100%, 2 of 2"),
    ],
)
def test_it_is_said_in_words(progress: dict[str, Any], words: str) -> None:
    assert say_progress({"note": None, "eta_seconds": None} | progress) == words
