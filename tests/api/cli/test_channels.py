"""Channels by the command line, against a real server."""

from collections.abc import Callable
from typing import Any

import pytest

from api.cli.remote.channels.writing import EVENTS, KINDS, WRITTEN
from models.notices.definition import ChannelDefinition
from models.words.notices import ChannelKind, NoticeKind
from tests.api.cli.served import CommandLine
from tests.end_to_end.deployment import TOKEN

HOOK = "https://hooks.example.com/${secret:HOOK}"


@pytest.fixture(autouse=True)
def none_yet(sql: Callable[..., Any]) -> None:
    sql("TRUNCATE channels, deliveries CASCADE")


def channel(callsheet: CommandLine, name: str) -> Any:
    return callsheet.succeed("channels", "get", name, "-o", "json").json


def test_its_words_are_those_of_the_code() -> None:
    assert set(KINDS) == {each.value for each in ChannelKind}
    assert set(EVENTS) == {each.value for each in NoticeKind}
    assert set(WRITTEN) == set(ChannelDefinition.model_fields)


def test_a_channel_is_made_listed_shown_and_deleted(callsheet: CommandLine) -> None:
    made = callsheet.succeed(
        "channels", "set", "ops", "--kind", "webhook", "--to", HOOK, "--event", "failed", "--event", "recovered",
        "--secret", "${secret:HOOK_KEY}", "--prefix", "crm-", "--tag", "sales", "--schedule", "nightly",
        "--after", "3", "--quiet", "10m", "--slow", "2.5", "--description", "the crew",
    )  # fmt: skip
    assert made.out.split("\n")[1].split()[:3] == ["ops", "webhook", HOOK]
    table = callsheet.succeed("channels").out
    assert "failed, recovered" in table
    assert "crm-*, #sales, nightly" in table
    shown = channel(callsheet, "ops")
    wanted = {
        "kind": "webhook", "url": HOOK, "to": None, "secret": "${secret:HOOK_KEY}", "events": ["failed", "recovered"],
        "filter": {"prefix": "crm-", "tags": ["sales"], "schedules": ["nightly"]}, "after_failures": 3,
        "quiet_seconds": 600, "slow_factor": 2.5, "description": "the crew",
    }  # fmt: skip
    assert {name: shown[name] for name in WRITTEN} == wanted
    assert callsheet("channels", "delete", "ops").code == 2
    assert "deleted ops" in callsheet.succeed("channels", "delete", "ops", "--yes").err
    assert callsheet("channels", "get", "ops").code == 5


def test_what_is_not_given_stays_and_null_takes_out(callsheet: CommandLine) -> None:
    callsheet.succeed("channels", "set", "ops", "--kind", "slack", "--to", HOOK, "--event", "failed", "--tag", "a")
    callsheet.succeed("channels", "set", "ops", "--prefix", "crm-", "after_failures=4", 'events=["late"]')
    shown = channel(callsheet, "ops")
    assert (shown["url"], shown["events"], shown["after_failures"]) == (HOOK, ["late"], 4)
    assert (shown["filter"]["prefix"], shown["filter"]["tags"]) == ("crm-", ["a"])
    callsheet.succeed("channels", "set", "ops", "filter=null", "after_failures=null")
    shown = channel(callsheet, "ops")
    assert (shown["filter"], shown["after_failures"]) == (None, 1)
    callsheet.succeed("channels", "set", "ops", 'filter.tags=["b"]', "--prefix", "x-")
    assert (channel(callsheet, "ops")["filter"]["tags"], channel(callsheet, "ops")["filter"]["prefix"]) == (["b"], "x-")


def test_another_kind_has_another_place(callsheet: CommandLine) -> None:
    callsheet.succeed("channels", "set", "ops", "--kind", "slack", "--to", HOOK, "--event", "failed")
    callsheet.succeed("channels", "set", "ops", "--kind", "email", "--to", "a@example.com", "--to", "b@example.com")
    shown = channel(callsheet, "ops")
    assert (shown["kind"], shown["url"], shown["to"]) == ("email", None, ["a@example.com", "b@example.com"])
    assert "a@example.com, b@example.com" in callsheet.succeed("channels", "list").out


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (["set", "ops"], 2, "nothing to set"),
        (["set", "ops", "--kind", "fax"], 2, "fax"),
        (["set", "ops", "--to", HOOK, "--to", "a@example.com"], 2, "one URL, or addresses"),
        (["set", "ops", "--kind", "webhook", "--event", "failed"], 2, "url"),
        (["set", "ops", "colour=red", "kind=slack"], 2, "colour"),
        (["get", "nobody"], 5, "callsheet channels list"),
        (["delete", "nobody", "--yes"], 5, "nobody"),
        (["test", "nobody"], 5, "nobody"),
        (["deliveries", "nobody"], 5, "nobody"),
        (["list", "--schedule", "nobody"], 5, "nobody"),
    ],
    ids=str,
)
def test_what_can_not_be_is_said(callsheet: CommandLine, args: list[str], code: int, said: str) -> None:
    ended = callsheet("channels", *args)
    assert ended.code == code
    assert said in ended.err
    assert callsheet.succeed("channels", "list", "-o", "json").json == []


def test_a_test_is_a_delivery(callsheet: CommandLine, sql: Callable[..., Any]) -> None:
    callsheet.succeed("channels", "set", "ops", "--kind", "slack", "--to", HOOK, "--event", "failed")
    sent = callsheet.succeed("channels", "test", "ops", "-o", "json").json
    assert callsheet.succeed("runs", "get", sent["id"], "-o", "json").json["actor"] == "notify"
    [delivery] = callsheet.succeed("channels", "deliveries", "ops", "-o", "json").json
    assert (delivery["id"], delivery["kind"]) == (sent["id"], "test")
    assert "test" in callsheet.succeed("channels", "deliveries", "ops").out
    sql("UPDATE runs SET state = 'failed', finished_at = now(), error_type = 'Refused', error_message = 'no such hook'")
    assert "Refused: no such hook" in callsheet.succeed("channels", "deliveries", "ops").out


def test_who_waits_for_a_test_sees_whether_it_arrived(callsheet: CommandLine, sql: Callable[..., Any]) -> None:
    callsheet.succeed("channels", "set", "ops", "--kind", "slack", "--to", HOOK, "--event", "failed")
    assert callsheet("channels", "test", "ops", "--wait", "--timeout", "1s").code == 1
    terminal = callsheet.at_terminal("channels", "test", "ops", "--wait")
    terminal.read_until("waiting for run")
    sql("UPDATE runs SET state = 'succeeded', started_at = now(), finished_at = now() WHERE state = 'planned'")
    assert terminal.end().code == 0


def test_who_is_told_about_a_schedule(callsheet: CommandLine) -> None:
    for name in ("crm-nightly", "other"):
        callsheet("schedules", "create", name, "--actor", "log_message")
    common = ("--kind", "slack", "--to", HOOK, "--event", "failed")
    callsheet.succeed("channels", "set", "everybody", *common)
    callsheet.succeed("channels", "set", "crm", *common, "--prefix", "crm-")
    assert callsheet.succeed("channels", "list", "--schedule", "crm-nightly", "-o", "name").out == "crm\neverybody\n"
    assert callsheet.succeed("channels", "list", "--schedule", "other", "-o", "name").out == "everybody\n"


def test_others_read_alone(callsheet: CommandLine) -> None:
    token = callsheet.succeed("tokens", "create", "looks", "--role", "operator").out.strip()
    args = ("channels", "set", "ops", "--kind", "slack", "--to", HOOK, "--event", "failed")
    assert callsheet(*args, CALLSHEET_TOKEN=token).code == 4
    callsheet.succeed(*args, CALLSHEET_TOKEN=TOKEN)
    assert "ops" in callsheet.succeed("channels", "list", CALLSHEET_TOKEN=token).out
    callsheet.succeed("tokens", "revoke", "looks")


def test_names_of_channels_are_completed(callsheet: CommandLine) -> None:
    for name in ("ops", "others"):
        callsheet.succeed("channels", "set", name, "--kind", "slack", "--to", HOOK, "--event", "failed")
    words = {"_CALLSHEET_COMPLETE": "bash_complete", "COMP_WORDS": "callsheet channels get o", "COMP_CWORD": "3"}
    assert callsheet("x", **words).out.split() == ["plain,ops", "plain,others"]
