"""The command `verify`: what it says, and its exit code."""

from collections.abc import Callable
from typing import Any

from scheduling.slots.verify import MOST
from tests.api.cli.served import CommandLine


def test_what_it_finds_ends_it_with_1(callsheet: CommandLine, sql: Callable[..., Any]) -> None:
    callsheet.succeed("schedules", "create", "verified", "--actor", "log_message", "every_seconds=10")
    said = callsheet.succeed("verify", "-o", "json")
    assert (said.json["unaccounted"], said.json["truncated"]) == ([], False)
    assert "schedules: 1" in callsheet.succeed("verify").err
    sql("UPDATE schedules SET created_at = now() - interval '1 h', paused_at = now() WHERE name = 'verified'")
    sql("UPDATE schedule_versions SET at = now() - interval '1 h' WHERE name = 'verified'")
    found = callsheet("verify", "--since", "2h", "-o", "json")
    assert found.code == 1
    assert {each["problem"] for each in found.json["unaccounted"]} == {"missing"}
    assert 360 <= len(found.json["unaccounted"]) == found.json["slots"] - found.json["accounted"] < MOST
    said = callsheet("verify", "--schedule", "verified")
    assert said.code == 1
    assert "missing" in said.out
    assert callsheet("verify", "--until", "2h").code == 0
    assert callsheet("verify", "--schedule", "never").code == 5
