"""Tokens, the audit, profiles and completion by the command line, against a real server."""

import json
import stat
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from tests.api.cli.served import CommandLine
from tests.end_to_end.deployment import ROOT, TOKEN


def profiles(callsheet: CommandLine) -> Any:
    return json.loads((callsheet.home / ".config" / "callsheet" / "profiles.json").read_text())


@pytest.fixture
def stranger(callsheet: CommandLine) -> CommandLine:
    """The command line of somebody without any variable."""
    unset = {name: value for name, value in callsheet.environment.items() if not name.startswith("CALLSHEET_")}
    return CommandLine(callsheet.home, unset)


def test_a_token_is_the_one_line_that_is_printed(callsheet: CommandLine) -> None:
    made = callsheet.succeed("tokens", "create", "ci", "--role", "operator", "--expires", "90d", "--prefix", "ci-")
    token = made.out.strip()
    assert token.startswith("cs_")
    assert callsheet.succeed("schedules", "list", CALLSHEET_TOKEN=token).code == 0
    table = callsheet.succeed("tokens", "list").out
    assert "ci-*" in table
    assert token[-4:] in table
    assert token not in table
    callsheet.succeed("tokens", "revoke", "ci")
    assert callsheet("schedules", "list", CALLSHEET_TOKEN=token).code == 4
    assert callsheet("tokens", "revoke", "ci").code == 5


def test_the_audit_tells_who_did_what(callsheet: CommandLine) -> None:
    callsheet.succeed("schedules", "create", "audited", "--actor", "log_message")
    callsheet.succeed("schedules", "pause", "audited", "--reason", "a move")
    said = callsheet.succeed("audit", "--target", "schedules/audited", "--since", "1h")
    assert "schedule.pause" in said.out
    assert "a move" in said.out
    lines = callsheet.succeed("audit", "--action", "schedule.create", "--limit", "1", "-o", "json").json
    assert [line["target"] for line in lines] == ["schedules/audited"]


def test_a_profile_is_kept_for_its_user_alone(stranger: CommandLine, url: str) -> None:
    said = stranger.succeed("login", url, "--with-token", stdin=f"{TOKEN}\n")
    assert "signed in" in said.err
    assert TOKEN not in said.out + said.err
    file = stranger.home / ".config" / "callsheet" / "profiles.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    stranger.succeed("schedules", "list")
    file.chmod(0o644)
    assert "chmod 600" in stranger.succeed("schedules", "list").err
    stranger.succeed("logout")
    assert not file.exists()
    assert stranger("schedules", "list", "--url", url).code == 4
    assert stranger("logout").code == 5


def test_the_token_of_a_profile_goes_to_its_address_alone(stranger: CommandLine, url: str) -> None:
    stranger.succeed("login", url, "--with-token", "--profile", "live", stdin=f"{TOKEN}\n")
    stranger.succeed("schedules", "list", "--profile", "live")
    stranger.succeed("schedules", "list", "--url", url)
    assert stranger("schedules", "list", "--url", url.replace("127.0.0.1", "localhost")).code == 4
    assert stranger("schedules", "list", "--profile", "dead").code == 5
    assert profiles(stranger) == {"live": {"url": url, "token": TOKEN}}


def test_a_login_that_is_refused_keeps_nothing(stranger: CommandLine, url: str) -> None:
    assert stranger("login", url, "--with-token", stdin="wrong-token-of-32-characters-or-more\n").code == 4
    assert not (stranger.home / ".config").exists()
    no_terminal = stranger("login", url)
    assert no_terminal.code == 2
    assert "--with-token" in no_terminal.err


def test_a_login_asks_at_a_terminal_and_shows_no_token(stranger: CommandLine, url: str) -> None:
    terminal = stranger.at_terminal("login")
    terminal.read_until("Address")
    terminal.type(url)
    terminal.read_until("Token:")
    terminal.type(TOKEN)
    said = terminal.end()
    assert said.code == 0
    assert TOKEN not in said.out
    assert profiles(stranger)["default"]["token"] == TOKEN


def test_profiles_that_can_not_be_read_are_settings_with_a_problem(stranger: CommandLine) -> None:
    folder = stranger.home / "other" / "callsheet"
    folder.mkdir(parents=True)
    (folder / "profiles.json").write_text("{")
    (folder / "profiles.json").chmod(0o600)
    said = stranger("schedules", "list", XDG_CONFIG_HOME=str(folder.parent))
    assert said.code == 78
    assert "logout --all" in said.err


def test_a_place_where_no_profile_can_be_kept_is_said(stranger: CommandLine, url: str) -> None:
    (stranger.home / "file").write_text("")
    given = {"XDG_CONFIG_HOME": str(stranger.home / "file")}
    said = stranger("login", url, "--with-token", stdin=f"{TOKEN}\n", **given)
    assert (said.code, said.out) == (78, "")
    assert "can't write" in said.err
    assert "XDG_CONFIG_HOME" in said.err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_is_told_how_to_complete(callsheet: CommandLine, shell: str) -> None:
    assert "_CALLSHEET_COMPLETE" in callsheet.succeed("completion", shell).out


def complete(callsheet: CommandLine, words: str, **environment: str) -> list[str]:
    given = {"_CALLSHEET_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split(" ")) - 1)}
    return callsheet("x", **given, **environment).out.split()


def test_names_of_schedules_and_words_are_completed(callsheet: CommandLine, sql: Callable[..., Any]) -> None:
    for name in ("done-one", "done-two"):
        callsheet("schedules", "create", name, "--actor", "log_message")
    assert complete(callsheet, "callsheet sche") == ["plain,scheduling", "plain,schedules"]
    assert complete(callsheet, "callsheet schedules tri") == ["plain,trigger"]
    assert complete(callsheet, "callsheet schedules get done-") == ["plain,done-one", "plain,done-two"]
    assert complete(callsheet, "callsheet schedules get done-one done-") == ["plain,done-two"]
    assert complete(callsheet, "callsheet runs list --state fa") == ["plain,failed"]
    assert complete(callsheet, "callsheet schedules get done-", CALLSHEET_TOKEN="wrong") == []


BASH = """
source <(callsheet completion bash)
COMP_WORDS=(callsheet schedules get done-)
COMP_CWORD=3
_callsheet_completion callsheet
printf '%s\\n' "${COMPREPLY[@]}"
"""


def test_bash_completes_names_with_the_script_that_is_printed(callsheet: CommandLine) -> None:
    for name in ("done-one", "done-two"):
        callsheet("schedules", "create", name, "--actor", "log_message")
    argv = ["bash", "--norc", "-c", BASH]
    ran = subprocess.run(argv, cwd=ROOT, env=callsheet.environment, capture_output=True, text=True, check=True)
    assert (ran.stdout.split(), ran.stderr) == (["done-one", "done-two"], "")


def test_zsh_and_fish_are_answered_in_their_ways(callsheet: CommandLine) -> None:
    callsheet("schedules", "create", "done-one", "--actor", "log_message")
    words = {"COMP_WORDS": "callsheet schedules get done-o", "COMP_CWORD": "3"}
    assert callsheet("x", _CALLSHEET_COMPLETE="zsh_complete", **words).out.split("\n")[:2] == ["plain", "done-one"]
    words["COMP_CWORD"] = "done-o"
    assert "plain,done-one" in callsheet("x", _CALLSHEET_COMPLETE="fish_complete", **words).out


def test_the_callsheet_of_the_options_is_asked_for_names(
    callsheet: CommandLine, url: str, stranger: CommandLine
) -> None:
    callsheet("schedules", "create", "done-one", "--actor", "log_message")
    stranger.succeed("login", url, "--with-token", "--profile", "live", stdin=f"{TOKEN}\n")
    assert complete(stranger, "callsheet --profile live schedules get done-o") == ["plain,done-one"]
    assert complete(stranger, "callsheet schedules get --profile live done-o") == ["plain,done-one"]
    assert complete(stranger, "callsheet schedules get done-o") == []


def test_a_name_beyond_the_first_page_is_completed(callsheet: CommandLine, sql: Callable[..., Any]) -> None:
    callsheet("schedules", "create", "a-first", "--actor", "zz")
    sql(
        "INSERT INTO schedules SELECT (jsonb_populate_record(s, jsonb_build_object('id', gen_random_uuid(),"
        " 'name', 'a-' || n))).* FROM schedules s, generate_series(1, 600) n WHERE s.name = 'a-first'"
    )
    callsheet("schedules", "create", "zz-last", "--actor", "zz")
    assert complete(callsheet, "callsheet schedules get zz-") == ["plain,zz-last"]
