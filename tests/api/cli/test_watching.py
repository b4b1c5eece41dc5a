"""Runs as they are watched: each change once and in its order, by events and by looks at the list."""

import json
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from api.cli.failures import DENIED, SERVER, Failure
from api.cli.remote.runs.feed import LATEST, Feed
from api.cli.remote.runs.lines import Lines
from api.cli.shell import Shell
from tests.api.cli.served import CommandLine

RUN = "01a207a6-c660-8f1f-9c0a-c2aaa2c2e363"
RELAY = "UPDATE events SET position = (SELECT coalesce(max(position), 0) FROM events) + n.number FROM ("
RELAY += (
    "SELECT id, row_number() OVER (ORDER BY id) AS number FROM events WHERE position IS NULL) n WHERE n.id = events.id"
)
NUMBERED = "UPDATE event_relay SET numbered = (SELECT coalesce(max(position), 0) FROM events)"
TOLD = "INSERT INTO told_states (state) VALUES ('running'), ('cancelled')"
TELL = "INSERT INTO events (kind, runs, attempts) VALUES (%s, ARRAY[%s::uuid], ARRAY[%s])"


def row(state: str, attempt: int = 0, **fields: Any) -> dict[str, Any]:
    """A run, as far as lines show it."""
    empty = dict.fromkeys(
        ("due_at", "started_at", "finished_at", "lateness_seconds", "duration_seconds", "error", "reason")
    )
    named = {"id": RUN, "schedule": "s", "actor": "a", "trigger": "manual", "waiting_for": None}
    return named | empty | {"state": state, "attempt": attempt} | fields


def event(state: str, attempt: int = 1, **fields: Any) -> dict[str, Any]:
    empty = dict.fromkeys(("due_at", "started_at", "finished_at", "lateness_seconds", "duration_seconds", "reason"))
    return {"data": empty | {"run_id": RUN, "state": state, "attempt": attempt, "error_type": None} | fields}


class Printed:
    """Lines, and what they have printed."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self.lines = Lines(Shell(output="jsonl"))

    def hear(self, *events: dict[str, Any], now: dict[str, Any] | None = None) -> None:
        self.lines.tell_events(events, {RUN: now or row("running", 1)})

    def look(self, *runs: dict[str, Any], hold: float = 0) -> None:
        self.lines.tell_runs(runs, hold)

    @property
    def told(self) -> list[tuple[int, str]]:
        """What has been printed since the last time."""
        printed = [json.loads(line) for line in self._capsys.readouterr().out.splitlines()]
        return [(run["attempt"], run["state"]) for run in printed]


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str]) -> Printed:
    return Printed(capsys)


def test_what_ran_between_two_looks_has_all_of_its_lines(printed: Printed) -> None:
    ended = row("succeeded", 2)
    printed.look(row("planned"))
    printed.hear(event("running"), event("retrying"), event("running", 2), event("succeeded", 2), now=ended)
    printed.look(ended, hold=1)
    assert printed.told == [(0, "planned"), (1, "running"), (1, "retrying"), (2, "running"), (2, "succeeded")]


def test_what_the_list_shows_waits_for_the_events_before_it(printed: Printed) -> None:
    ended = row("succeeded", 1)
    printed.look(ended, hold=60)
    assert (printed.told, printed.lines.is_holding) == ([], True)
    printed.hear(event("running"), event("succeeded"), now=ended)
    printed.look(ended, hold=60)
    assert (printed.told, printed.lines.is_holding) == ([(1, "running"), (1, "succeeded")], False)


def test_what_no_event_tells_of_is_told_by_the_list_in_the_end(printed: Printed) -> None:
    printed.look(row("queued"), hold=0.01)
    time.sleep(0.02)
    printed.look(row("queued"), hold=0.01)
    assert printed.told == [(0, "queued")]
    printed.hear(event("running"))
    printed.look(row("running", 1), hold=0.01)
    assert printed.told == [(1, "running")]


def test_nothing_is_told_twice_and_nothing_that_comes_late(printed: Printed) -> None:
    printed.hear(event("running"), event("running"))
    printed.look(row("running", 1))
    printed.look(row("running", 2))
    printed.hear(event("retrying"), event("running", 2), now=row("running", 2))
    printed.look(row("failed", 2))
    printed.hear(event("retrying", 2), event("failed", 2), now=row("failed", 2))
    assert printed.told == [(1, "running"), (2, "running"), (2, "failed")]


def test_a_run_that_is_held_back_is_planned_once_more(printed: Printed) -> None:
    for state in ("planned", "queued", "queued", "planned"):
        printed.look(row(state))
    assert printed.told == [(0, "planned"), (0, "queued"), (0, "planned")]


def test_a_line_says_how_the_run_was_then(capsys: pytest.CaptureFixture[str]) -> None:
    lines = Lines(Shell(output="jsonl"))
    now = row(
        "succeeded", 2, finished_at="2026-03-01T00:00:09Z", duration_seconds=1.0, started_at="2026-03-01T00:00:08Z"
    )
    first = event("retrying", 1, started_at="2026-03-01T00:00:01Z", error_type="OSError", duration_seconds=0.5)
    lines.tell_events([first, event("succeeded", 2)], {RUN: now})
    was, ended = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (was["state"], was["started_at"], was["finished_at"]) == ("retrying", "2026-03-01T00:00:01Z", None)
    assert (was["error"]["type"], was["duration_seconds"]) == ("OSError", 0.5)
    assert ended == now


class Server:
    """Answers with pages, as a server would; the last again and again."""

    def __init__(self, *pages: Any) -> None:
        self.pages = list(pages)
        self.asked: list[dict[str, Any]] = []

    def get(self, _path: str, **query: Any) -> Any:
        self.asked.append(query)
        page = self.pages.pop(0) if len(self.pages) > 1 else self.pages[0]
        if isinstance(page, Exception):
            raise page
        return page


def page(following: str, *events: Any) -> dict[str, Any]:
    return {"items": list(events), "next": following}


def feed_of(*pages: Any, **wanted: Any) -> tuple[Feed, Server]:
    server = Server(*pages)
    return Feed(server, **wanted), server  # type: ignore[arg-type]


def test_a_feed_goes_on_from_now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _seconds: pytest.fail("there is something"))
    feed, server = feed_of(page("5-1"), page("6-1"), page("7-1", event("running")), schedule="s")
    assert len(feed.wait(9)) == 1
    assert [query["after"] for query in server.asked] == [LATEST, "5-1", "6-1"]
    assert {query["schedule"] for query in server.asked} == {"s"}
    assert server.asked[1]["wait_seconds"] == pytest.approx(9, abs=1)


def test_a_server_without_room_is_not_asked_all_the_time() -> None:
    feed, server = feed_of(page("5-1"))
    began = time.monotonic()
    assert feed.wait(0.3) == []
    assert time.monotonic() - began >= 0.3
    assert len(server.asked) <= 3


@pytest.mark.parametrize(
    ("failure", "is_there", "after"),
    [
        (Failure("another version", SERVER, 404), False, "5-1"),
        (Failure("away", SERVER), True, "5-1"),
        (Failure("no such cursor", 2, 422), True, LATEST),
    ],
)
def test_a_server_that_tells_nothing_makes_it_a_pause(failure: Failure, is_there: bool, after: str) -> None:
    feed, server = feed_of(page("5-1"), failure)
    began = time.monotonic()
    assert feed.wait(0.2) == []
    assert time.monotonic() - began >= 0.2
    assert feed.is_there is is_there
    feed.wait(0.05)
    assert server.asked[-1]["after"] == after


def test_a_token_that_may_not_is_a_failure() -> None:
    with pytest.raises(Failure):
        feed_of(Failure("no", DENIED, 403))


@pytest.fixture
def watched(callsheet: CommandLine, sql: Callable[..., Any]) -> str:
    """A run that waits, of a schedule of its own."""
    name = f"s-{uuid4().hex}"
    callsheet.succeed("schedules", "create", name, "--actor", "log_message", "overlap=allow")
    run: str = callsheet.succeed("schedules", "trigger", name, "-o", "name").out.strip()
    sql(RELAY)
    sql(NUMBERED)
    return run


def test_lines_come_by_events_before_the_next_look(
    callsheet: CommandLine, watched: str, sql: Callable[..., Any]
) -> None:
    name = callsheet.succeed("runs", "get", watched, "-o", "json").json["schedule"]
    watch = callsheet.start("runs", "watch", "--schedule", name, "--interval", "10m", "--follow", "-o", "jsonl")
    assert watch.stdout is not None
    assert json.loads(watch.stdout.readline())["state"] == "planned"
    sql(TOLD)
    sql("UPDATE runs SET state = 'cancelled', attempt = 1, finished_at = now() WHERE id = %s", watched)
    for kind in ("run.running", "run.cancelled"):
        sql(TELL, kind, watched, 1)
    sql(RELAY)
    sql(NUMBERED)
    said = [json.loads(watch.stdout.readline()) for _ in range(2)]
    assert [(run["id"], run["state"]) for run in said] == [(watched, "running"), (watched, "cancelled")]
    assert said[1]["schedule"] == name
    watch.send_signal(2)
    assert watch.wait(20) == 130
    watch.communicate()


def test_with_a_filter_that_events_do_not_answer_the_list_alone_counts(
    callsheet: CommandLine, watched: str, sql: Callable[..., Any]
) -> None:
    name = callsheet.succeed("runs", "get", watched, "-o", "json").json["schedule"]
    watch = callsheet.start("runs", "watch", "--schedule", name, "--error", "Broken", "--interval", "1s", "-o", "jsonl")
    sql(TELL, "run.running", watched, 1)
    sql(RELAY)
    sql(NUMBERED)
    failed = "UPDATE runs SET state = 'failed', attempt = 1, finished_at = now(), error_type = 'Broken' WHERE id = %s"
    sql(failed, watched)
    assert watch.stdout is not None
    assert json.loads(watch.stdout.readline())["state"] == "failed"
    watch.send_signal(2)
    assert watch.wait(20) == 130
    watch.communicate()


def test_a_terminal_that_is_followed_has_lines(callsheet: CommandLine, watched: str) -> None:
    name = callsheet.succeed("runs", "get", watched, "-o", "json").json["schedule"]
    terminal = callsheet.at_terminal("runs", "watch", "--schedule", name, "--follow")
    terminal.read_until("planned")
    terminal.interrupt()
    said = terminal.end()
    assert said.code == 130
    assert "SCHEDULE" not in said.out, "that is a table's"
