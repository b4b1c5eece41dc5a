"""What is wrong with files, said without a server, with file and line."""

from pathlib import Path

import pytest

from api.cli.failures import Failure
from api.cli.files.looking import faults_in
from api.cli.files.reading import read_document
from api.cli.files.writing import write_file


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        (
            "a.toml",
            'source = "s"\n[schedules.a]\nactor = "x"\ncolour = 1\n',
            "a.toml:4: schedules.a.colour: unknown field",
        ),
        ("a.toml", 'source = "s"\n[schedules.a]\ncron = "61 * * * *"\nactor = "x"\n', "a.toml:3: schedules.a.cron: "),
        ("a.toml", 'source = "s"\n[schedules.a]\ncron = "@daily"\n', "a.toml:2: schedules.a.actor: required"),
        ("a.toml", 'source = "s"\n[schedules.a]\nactor = "x"\n[schedules.a]\nactor = "y"\n', "a.toml:4: "),
        ("a.toml", 'source = "s"\n[schedules.a\n', "a.toml:2: "),
        ("a.toml", 'sauce = "s"\n', "a.toml:1: sauce: unknown"),
        (
            "a.yaml",
            "source: s\nschedules:\n  a:\n    actor: x\n    timezone: Mars\n",
            "a.yaml:5: schedules.a.timezone: ",
        ),
        ("a.yaml", "source: s\nschedules:\n  a: {actor: x}\n  a: {actor: y}\n", "a.yaml:4: "),
        ("a.yaml", "source: s\nschedules: {a: [}\n", "a.yaml:2: "),
        ("a.yaml", "schedules: {}\n", "a.yaml: source: required"),
        ("a.yaml", "- 1\n", "a.yaml: a file has"),
        ("a.yaml", "source: s\ncalendars: {de: {}}\n", "a.yaml:2: calendars: "),
        ("a.toml", 'source = "s"\n[channels.ops]\nkind = "email"\n', "channels.ops.to: is needed of the kind email"),
    ],
)
def test_what_is_wrong_is_said_with_file_and_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(name).write_text(text)
    try:
        found = "\n".join(faults_in([read_document(name)]))
    except Failure as failure:
        found = failure.message
    assert said in found


def test_what_is_written_is_read_as_it_was(tmp_path: Path) -> None:
    args = {
        "a": [1, 2.5, True, {"b": ["x", {}]}],
        "no": "NO",
        "text": 'two\nlines \\ "quoted"',
        "big": 2**60,
        "é.x": {},
    }
    schedules = {"a.b-c": {"actor": "x", "args": args, "at": "2037-01-01T00:00:00Z"}, "plain": {"actor": "y"}}
    for kind in ("toml", "yaml"):
        path = tmp_path / f"file.{kind}"
        path.write_text(write_file("s", schedules, kind))
        assert read_document(str(path)).content == {"source": "s", "schedules": schedules}
        channels = {"ops": {"kind": "slack", "url": "${secret:OPS}", "filter": {"tags": ["crm"]}}}
        path.write_text(write_file("s", schedules, kind, channels))
        assert read_document(str(path)).content == {"source": "s", "schedules": schedules, "channels": channels}
        assert faults_in([read_document(str(path))]) == []
    empty = tmp_path / "empty.toml"
    empty.write_text(write_file("s", {}, "toml"))
    assert faults_in([read_document(str(empty))]) == []


def test_null_is_nothing_that_toml_can_say() -> None:
    schedules = {"a": {"actor": "x", "args": {"b": [None]}}}
    with pytest.raises(Failure, match="say -o yaml"):
        write_file("s", schedules, "toml")
    assert "b:" in write_file("s", schedules, "yaml")
