"""`callsheet failures`, against a real server."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.api.cli.served import CommandLine


@pytest.fixture(scope="module")
def fingerprints() -> list[str]:
    return [digit * 32 for digit in "abc"]


@pytest.fixture
def made(sql: Callable[..., Any], fingerprints: list[str]) -> None:
    sql("DELETE FROM errors")
    for number, fingerprint in enumerate(fingerprints):
        sql(
            "INSERT INTO errors VALUES (%s, %s, 'ValueError', 'order # failed', now() - interval '1 day',"
            " now() - make_interval(hours => %s), 41, gen_random_uuid())",
            fingerprint,
            f"actor{number}",
            number,
        )


@pytest.mark.usefixtures("made")
def test_failures_are_listed_by_their_kinds(callsheet: CommandLine, fingerprints: list[str]) -> None:
    table = callsheet.succeed("failures").out.splitlines()
    assert table[0].split()[:5] == ["LAST", "COUNT", "STREAK", "ACTOR", "ERROR"]
    assert len(table) == 4
    assert all(part in table[1] for part in ("41", "actor0", "ValueError: order # failed", fingerprints[0]))
    assert callsheet.succeed("failures", "-o", "name").out.split() == fingerprints
    assert callsheet.succeed("failures", "--limit", "1", "-o", "json").json[0]["fingerprint"] == fingerprints[0]
    assert callsheet.succeed("failures", "--all", "--actor", "actor1", "-o", "name").out.split() == [fingerprints[1]]
    assert callsheet.succeed("failures", "--since", "90m", "-o", "name").out.split() == fingerprints[:2]
    assert callsheet.succeed("failures", "--q", "OTHER", "-o", "json").json == []
    assert callsheet.succeed("failures", "--schedule", "none", "-o", "json").json == []


@pytest.mark.usefixtures("made")
def test_what_failed_so_is_listed_and_retried_by_the_fingerprint(
    callsheet: CommandLine, sql: Callable[..., Any], fingerprints: list[str]
) -> None:
    callsheet.succeed("schedules", "create", "broken", "--actor", "log_message", "overlap=allow")
    run = callsheet.succeed("schedules", "trigger", "broken", "-o", "name").out.strip()
    sql("UPDATE runs SET state = 'failed', finished_at = now(), error_type = 'ValueError' WHERE id = %s", run)
    sql("INSERT INTO failed_runs VALUES (%s, %s)", run, fingerprints[0])
    assert callsheet.succeed("runs", "list", "--fingerprint", fingerprints[0], "-o", "name").out.split() == [run]
    done = callsheet.succeed("runs", "retry", "--fingerprint", fingerprints[0], "--yes", "-o", "json").json
    assert (done["matched"], done["changed"]) == (1, 1)
    assert callsheet("runs", "list", "--fingerprint", "x").code == 2
