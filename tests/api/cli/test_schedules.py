"""Schedules by the command line, against a real server."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.api.cli.served import CommandLine


@pytest.fixture
def nightly(callsheet: CommandLine, request: pytest.FixtureRequest) -> str:
    """The name of a schedule that is there."""
    name = request.node.name.partition("[")[0][-80:].replace("test_", "")
    callsheet.succeed("schedules", "create", name, "--actor", "log_message", "--cron", "0 3 * * *", "-o", "json")
    return name


def test_one_is_created_shown_listed_and_deleted(callsheet: CommandLine) -> None:
    made = callsheet.succeed(
        *("schedules", "create", "weekly", "--actor", "log_message", "--cron", "0 3 * * 1", "--tz", "Europe/Berlin"),
        *("--tag", "crm", "--args", '{"message": "hi"}', "max_retries=3", "--paused", "-o", "jsonl"),
    ).json
    assert (made["cron"], made["timezone"], made["args"]) == ("0 3 * * 1", "Europe/Berlin", {"message": "hi"})
    assert (made["tags"], made["max_retries"]) == (["crm"], 3)
    assert made["paused_at"] is not None
    assert callsheet.succeed("schedules", "get", "weekly", "-o", "json").json["name"] == "weekly"
    assert callsheet.succeed("schedules", "list", "--tag", "crm", "-o", "name").out == "weekly\n"
    assert callsheet.succeed("schedules", "delete", "weekly", "--yes").out == ""
    gone = callsheet("schedules", "get", "weekly")
    assert (gone.code, gone.out) == (5, "")
    assert gone.err == "Error: there is no schedule weekly. `callsheet schedules list` shows those that are there.\n"


def test_a_table_has_a_line_each_and_nothing_of_it_is_cut_in_a_pipe(callsheet: CommandLine) -> None:
    name = "a-name-that-is-longer-than-any-terminal-of-eighty-columns-would-show-beside-all-the-others"
    callsheet.succeed("schedules", "create", name, "--actor", "log_message", "--every", "5m")
    said = callsheet.succeed("schedules", "list")
    assert said.out.splitlines()[0].split() == ["NAME", "STATE", "WHEN", "ACTOR", "LAST", "RAN", "NEXT"]
    line = next(line for line in said.out.splitlines() if line.startswith(name))
    assert "active  every 5 min  log_message" in line
    assert "\033" not in said.out


def test_fields_are_set_as_json_where_they_are_that_and_as_text_else(callsheet: CommandLine, nightly: str) -> None:
    said = callsheet.succeed(
        *("schedules", "set", nightly, "max_retries=2", 'tags=["a", "b"]', "cron=30 4 * * *", "args.message=it=so"),
        *("args.count=7", "description=no", "-o", "json"),
    )
    changed = said.json
    assert (changed["max_retries"], changed["tags"], changed["cron"]) == (2, ["a", "b"], "30 4 * * *")
    assert (changed["args"], changed["description"]) == ({"message": "it=so", "count": 7}, "no")
    reset = callsheet.succeed("schedules", "set", nightly, "max_retries=null", "args.count=null", "-o", "json").json
    assert (reset["max_retries"], reset["args"]) == (0, {"message": "it=so"})


def test_an_option_that_is_given_is_not_left_out_for_being_empty(callsheet: CommandLine) -> None:
    create = ("schedules", "create", "empty", "--actor", "log_message")
    for option in (("--every", "0"), ("--timezone", ""), ("--actor", "")):
        assert callsheet(*create, *option).code == 2, option
    assert callsheet.succeed(*create, "--description", "", "-o", "json").json["paused_at"] is None


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        (["retries=2"], "retries: unknown field"),
        (["max_retries=often", "priority=12"], "; max_retries: Input should be a valid integer"),
        (["cron=nonsense"], "cron"),
        (["max_retries"], "'max_retries' is not of the form field=value"),
        (["max_retries=NaN"], "max_retries: "),
    ],
)
def test_what_is_wrong_with_fields_is_said_in_a_sentence(
    callsheet: CommandLine, fields: list[str], complaint: str
) -> None:
    callsheet("schedules", "create", "wrong", "--actor", "log_message")
    said = callsheet("schedules", "set", "wrong", *fields)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("Error: ")
    assert complaint in said.err
    assert len(said.err.splitlines()) == 1


def test_a_taken_name_is_a_failure_and_no_usage_error(callsheet: CommandLine, nightly: str) -> None:
    said = callsheet("schedules", "create", nightly, "--actor", "log_message")
    assert said.code == 1
    assert said.err.startswith("Error: name: there is a schedule of that name: `callsheet schedules set ")


def test_a_definition_comes_from_a_file(callsheet: CommandLine) -> None:
    text = "actor: log_message\nat: 2099-01-01T00:00:00Z\ntags: [no, on]\nargs: {message: 'x', country: NO}\n"
    made = callsheet.succeed("schedules", "create", "of-file", "--file", "-", "-o", "json", stdin=text).json
    assert made["at"] == "2099-01-01T00:00:00Z"
    assert (made["tags"], made["args"]["country"]) == (["no", "on"], "NO")
    said = callsheet("schedules", "create", "of-file-2", "--file", "-", stdin="a: [")
    assert said.code == 2
    assert "line " in said.err


def test_pauses_have_a_reason_and_an_end(callsheet: CommandLine, nightly: str) -> None:
    said = callsheet.succeed("schedules", "pause", nightly, "--reason", "a move", "--until", "2h", "-o", "json").json
    assert said["pause_reason"] == "a move"
    in_two_hours = datetime.now(UTC) + timedelta(hours=2)
    assert abs((datetime.fromisoformat(said["paused_until"]) - in_two_hours).total_seconds()) < 60
    assert callsheet.succeed("schedules", "resume", nightly, "-o", "json").json["paused_at"] is None


def test_next_slots_and_explain_speak_of_slots(callsheet: CommandLine, nightly: str) -> None:
    said = callsheet.succeed("schedules", "next", nightly, "-n", "3", "-o", "json").json
    assert [slot["slot_at"][11:] for slot in said] == ["03:00:00Z"] * 3
    assert callsheet.succeed("schedules", "slots", nightly, "-o", "json").json == []
    assert "nothing" in callsheet.succeed("schedules", "slots", nightly).err
    explained = callsheet.succeed("schedules", "explain", nightly, "--at", "2020-01-01T03:00:00Z")
    assert "was only created at" in explained.out
    assert callsheet.succeed("schedules", "explain", nightly, "-o", "json").json["is_slot"]


def test_what_is_to_come_until_the_morning_is_that_of_all_schedules(callsheet: CommandLine, nightly: str) -> None:
    callsheet("schedules", "create", "hourly", "--actor", "log_message", "--cron", "30 * * * *", "--tag", "night")
    now = datetime.now(UTC)
    ahead = (1 - now.hour + 12) % 24 - 12  # where it is past one at night, so that some hours are to come
    said = callsheet.succeed("next", "--until", "06:00", "--all", "-o", "json", TZ=f"Etc/GMT{-ahead:+d}").json
    morning = now.replace(hour=(6 - ahead) % 24, minute=0, second=0, microsecond=0)
    morning += timedelta(days=morning < now)
    due = [datetime.fromisoformat(each["due_at"]) for each in said]
    assert due == sorted(due)
    assert max(due) < morning <= max(due) + timedelta(hours=1)
    assert {each["schedule"] for each in said} >= {"hourly"}
    listed = callsheet.succeed("next", "--since", "22:00", "--until", "06:00", "--tag", "night", "-o", "json", TZ="UTC")
    assert len(listed.json) == 8
    assert callsheet.succeed("next", "--until", "2h", "--tag", "night", "-o", "name").out == "hourly\n" * 2


def test_versions_tell_what_was_changed_and_there_is_a_way_back(callsheet: CommandLine, nightly: str) -> None:
    callsheet.succeed("schedules", "set", nightly, "priority=9")
    listed = callsheet.succeed("schedules", "versions", nightly)
    assert "priority: 5 → 9" in listed.out
    callsheet.succeed("schedules", "rollback", nightly, "1", "--reason", "too much")
    versions = callsheet.succeed("schedules", "versions", nightly, "-o", "json").json
    assert [each["version"] for each in versions] == [3, 2, 1]
    assert versions[0]["action"] == "schedule.rollback"
    lost = callsheet("schedules", "rollback", nightly, "77")
    assert lost.code == 5
    assert f"`callsheet schedules versions {nightly}` shows those that are there" in lost.err


def test_a_trigger_makes_a_run_with_arguments_of_its_own(callsheet: CommandLine, nightly: str) -> None:
    callsheet.succeed("schedules", "set", nightly, "args.message=hello", "args.count=1")
    run = callsheet.succeed("schedules", "trigger", nightly, "count=2", "--due-at", "1h", "-o", "json").json
    assert run["args"] == {"message": "hello", "count": 2}
    assert run["trigger"] == "manual"
    assert datetime.fromisoformat(run["due_at"]) > datetime.now(UTC) + timedelta(minutes=59)
    named = callsheet.succeed("schedules", "trigger", nightly, "--args", "{}", "-o", "name").out.strip()
    assert callsheet.succeed("runs", "get", named, "-o", "json").json["args"] == {}


def test_a_wait_that_takes_too_long_is_a_failure(callsheet: CommandLine, nightly: str) -> None:
    said = callsheet("schedules", "trigger", nightly, "--wait", "--timeout", "0.5")
    assert said.code == 1
    assert "has not ended within 0.5 seconds; it goes on" in said.err
