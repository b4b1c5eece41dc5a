"""Editing a definition: only what was changed is changed, and nobody loses what they wrote."""

import json
import re
import sys
from pathlib import Path

import pytest

from api.cli.remote.schedules.editing import SHOWN_ONLY, merge_patch_between
from api.shapes.schedule_json import ScheduleJson
from models.definition import COLUMNS
from tests.api.cli.served import CommandLine


@pytest.fixture
def editor(tmp_path: Path) -> str:
    """An editor that replaces `OLD` by `NEW`, both of its environment, and runs `MEANWHILE` before."""
    script = tmp_path / "editor.py"
    script.write_text(
        "import os, subprocess, sys\n"
        "path = sys.argv[1]\n"
        "text = open(path).read()\n"
        "open(os.environ['SEEN'], 'w').write(text)\n"
        "if os.environ.get('MEANWHILE'): subprocess.run(os.environ['MEANWHILE'].split(), check=True, stdout=2)\n"
        "open(path, 'w').write(text.replace(os.environ['OLD'], os.environ['NEW']))\n"
    )
    return f"{sys.executable} {script}"


@pytest.fixture
def environment(editor: str, tmp_path: Path) -> dict[str, str]:
    return {"EDITOR": editor, "SEEN": str(tmp_path / "seen"), "TMPDIR": str(tmp_path), "OLD": "", "NEW": ""}


def test_what_is_shown_beside_the_definition_is_known() -> None:
    assert SHOWN_ONLY | {*COLUMNS} == {*ScheduleJson.model_fields}


def test_an_edit_changes_what_was_changed_and_leaves_policies_to_the_actor(
    callsheet: CommandLine, environment: dict[str, str]
) -> None:
    callsheet.succeed("schedules", "create", "edited", "--actor", "log_message", "--cron", "*/5 * * * *", "args.a=no")
    before = callsheet.succeed("schedules", "get", "edited", "-o", "json").json
    said = callsheet.succeed(
        "schedules", "edit", "edited", "-o", "json", **environment | {"OLD": "*/5", "NEW": "*/7"}
    ).json
    assert said["cron"] == "*/7 * * * *"
    assert said["version"] == before["version"] + 1
    seen = Path(environment["SEEN"]).read_text()
    assert 'a: "no"' in seen
    assert "last_run" not in seen
    versions = callsheet.succeed("schedules", "versions", "edited", "-o", "json").json
    assert [change["field"] for change in versions[0]["changes"]] == ["cron"]
    assert versions[0]["definition"]["max_retries"] is None


def test_an_edit_that_changes_nothing_makes_no_version(callsheet: CommandLine, environment: dict[str, str]) -> None:
    callsheet.succeed("schedules", "create", "same", "--actor", "log_message")
    said = callsheet.succeed("schedules", "edit", "same", **environment)
    assert "nothing was changed" in said.err
    assert callsheet.succeed("schedules", "get", "same", "-o", "json").json["version"] == 1


def test_an_edit_of_what_somebody_else_has_changed_is_refused_and_its_text_is_kept(
    callsheet: CommandLine, environment: dict[str, str]
) -> None:
    callsheet.succeed("schedules", "create", "both", "--actor", "log_message", "description=old")
    meanwhile = f"{sys.executable} -m api.cli schedules set both priority=9"
    given = environment | {"OLD": "description: old", "NEW": "description: mine", "MEANWHILE": meanwhile}
    said = callsheet("schedules", "edit", "both", **given)
    assert said.code == 1
    assert "was changed by somebody else meanwhile" in said.err
    kept = re.search(r"Your text is in (\S+\.yaml)", said.err)
    assert kept is not None
    assert "description: mine" in Path(kept[1]).read_text()
    assert Path(kept[1]).stat().st_mode & 0o077 == 0
    now = callsheet.succeed("schedules", "get", "both", "-o", "json").json
    assert (now["priority"], now["description"]) == (9, "old")


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("priority: 5", "priority: 12", "priority: Input should be less than or equal to 9"),
        ("priority: 5", "priority: [", "this is no YAML: line "),
        ("priority: 5", "prio: 5", "prio: unknown field"),
        ("args: {}", "args: {a: null}", "null among the arguments"),
    ],
)
def test_what_can_not_be_taken_is_said_and_kept(
    callsheet: CommandLine, environment: dict[str, str], old: str, new: str, complaint: str
) -> None:
    callsheet("schedules", "create", "refused", "--actor", "log_message")
    said = callsheet("schedules", "edit", "refused", **environment | {"OLD": old, "NEW": new})
    assert said.code == 2
    assert complaint in said.err
    kept = re.search(r"Your text is in (\S+\.yaml)", said.err)
    assert kept is not None
    assert new in Path(kept[1]).read_text()


def test_at_a_terminal_one_may_edit_once_more(callsheet: CommandLine, environment: dict[str, str]) -> None:
    callsheet.succeed("schedules", "create", "again", "--actor", "log_message")
    given = environment | {"OLD": "priority: 5", "NEW": "priority: 12"}
    terminal = callsheet.at_terminal("schedules", "edit", "again", **given)
    terminal.read_until("Edit again?")
    terminal.type("n")
    said = terminal.end()
    assert said.code == 1
    assert "Your text is in" in said.out


def test_without_an_editor_and_a_terminal_it_says_what_to_do(callsheet: CommandLine) -> None:
    callsheet("schedules", "create", "alone", "--actor", "log_message")
    said = callsheet("schedules", "edit", "alone")
    assert said.code == 2
    assert "set EDITOR" in said.err


def test_an_editor_that_fails_changes_nothing(callsheet: CommandLine) -> None:
    callsheet("schedules", "create", "broken", "--actor", "log_message")
    assert "the editor ended with 1" in callsheet("schedules", "edit", "broken", EDITOR="false").err
    assert "can't start the editor" in callsheet("schedules", "edit", "broken", EDITOR="/nowhere/ed").err


@pytest.mark.parametrize(
    ("before", "after", "patch"),
    [
        ({"a": 1}, {"a": 1}, {}),
        ({"a": 1, "b": None}, {}, {"a": None}),
        ({"a": {"x": 1, "y": 2}}, {"a": {"x": 1}}, {"a": {"y": None}}),
        ({"a": {"x": 1}}, {"a": {"x": {"z": 2}}}, {"a": {"x": {"z": 2}}}),
        ({"a": 1}, {"a": True}, {"a": True}),
        ({"a": [1]}, {"a": [1, None]}, {"a": [1, None]}),
        ({"a": {}}, {"a": 3}, {"a": 3}),
    ],
)
def test_a_patch_is_what_differs(before: object, after: object, patch: object) -> None:
    assert json.dumps(merge_patch_between(before, after)) == json.dumps(patch)  # type: ignore[arg-type]


@pytest.mark.parametrize(("old", "new"), [("priority: 5", "priority:   5  # as it was"), ("# The", "#  The")])
def test_what_means_the_same_is_no_edit(
    callsheet: CommandLine, environment: dict[str, str], old: str, new: str
) -> None:
    callsheet("schedules", "create", "means", "--actor", "log_message")
    said = callsheet.succeed("schedules", "edit", "means", **environment | {"OLD": old, "NEW": new})
    assert (said.out, said.err) == ("", "nothing was changed\n")
    assert callsheet.succeed("schedules", "get", "means", "-o", "json").json["version"] == 1


def test_a_text_that_was_emptied_changes_nothing(callsheet: CommandLine) -> None:
    callsheet("schedules", "create", "emptied", "--actor", "log_message")
    said = callsheet.succeed("schedules", "edit", "emptied", EDITOR="truncate -s 0")
    assert said.err == "nothing was changed\n"


def test_ctrl_c_is_the_editors_and_loses_nothing(
    callsheet: CommandLine, environment: dict[str, str], tmp_path: Path
) -> None:
    callsheet("schedules", "create", "pressed", "--actor", "log_message")
    kill = tmp_path / "kill.sh"
    kill.write_text("#!/bin/sh\nkill -INT $(ps -o ppid= $(ps -o ppid= $$))\n")
    kill.chmod(0o755)
    given = {"OLD": "priority: 5", "NEW": "priority: 7", "MEANWHILE": str(kill)}
    said = callsheet.succeed("schedules", "edit", "pressed", "-o", "json", **environment | given)
    assert said.json["priority"] == 7


def test_what_an_editor_that_failed_has_written_is_kept(callsheet: CommandLine, tmp_path: Path) -> None:
    callsheet("schedules", "create", "failing", "--actor", "log_message")
    editor = tmp_path / "fails.sh"
    editor.write_text('#!/bin/sh\necho "# precious" >> "$1"\nexit 3\n')
    editor.chmod(0o755)
    said = callsheet("schedules", "edit", "failing", EDITOR=str(editor), TMPDIR=str(tmp_path))
    assert said.code == 1
    kept = re.search(r"Your text is in (\S+\.yaml)", said.err)
    assert kept is not None
    assert "# precious" in Path(kept[1]).read_text()


def test_at_a_terminal_what_was_refused_is_edited_again_and_taken(
    callsheet: CommandLine, environment: dict[str, str], tmp_path: Path
) -> None:
    callsheet.succeed("schedules", "create", "twice", "--actor", "log_message")
    editor = tmp_path / "mends.sh"
    editor.write_text(
        '#!/bin/sh\ngrep -q 12 "$1" && sed -i s/12/8/ "$1" || sed -i "s/priority: 5/priority: 12/" "$1"\n'
    )
    editor.chmod(0o755)
    terminal = callsheet.at_terminal("schedules", "edit", "twice", **environment | {"EDITOR": str(editor)})
    terminal.read_until("Edit again?")
    terminal.type("y")
    assert terminal.end().code == 0
    assert callsheet.succeed("schedules", "get", "twice", "-o", "json").json["priority"] == 8
