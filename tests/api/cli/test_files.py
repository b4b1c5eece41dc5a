"""Files at the command line: apply, diff, export, validate."""

from pathlib import Path
from typing import Any

import pytest

from tests.api.cli.served import CommandLine

TOML = """
source = "crm"

[schedules.crm-nightly]
actor = "log_message"
args = {message = "hi", country = "NO"}
cron = "30 2 * * *"
timezone = "Europe/Berlin"
starts_at = 2026-01-01T00:00:00Z

[schedules."crm.dotted"]
actor = "log_message"
args.message = "no"
every_seconds = 90
"""
YAML = """
source: shop
schedules:
  shop-nightly:
    actor: log_message
    args:
      message: hi
      country: NO
      at: 06:00
    cron: ["0 1 * * *", "0 2 * * *"]
    starts_at: 2026-01-01T00:00:00+02:00
"""


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    (tmp_path / "crm.toml").write_text(TOML)
    (tmp_path / "shop.yaml").write_text(YAML)
    return str(tmp_path / "crm.toml"), str(tmp_path / "shop.yaml")


@pytest.fixture
def written(tmp_path: Path) -> Any:
    """Write a file; its path."""

    def write(name: str, text: str) -> str:
        (tmp_path / name).write_text(text)
        return str(tmp_path / name)

    return write


def test_files_are_applied_shown_as_different_exported_and_unchanged(
    callsheet: CommandLine, files: tuple[str, str], written: Any
) -> None:
    assert callsheet.succeed("validate", *files).out == ""
    before = callsheet("diff", *files)
    assert (before.code, before.out.split("\n")[:3]) == (1, ["+ crm-nightly", "+ crm.dotted", "+ shop-nightly"])
    applied = callsheet.succeed("apply", *files)
    assert "crm: 2 created, 0 updated, 0 deleted, 0 unchanged" in applied.err
    assert callsheet.succeed("diff", *files).out == ""
    stored = callsheet.succeed("schedules", "get", "shop-nightly", "-o", "json").json
    assert stored["args"] == {"message": "hi", "country": "NO", "at": "06:00"}
    for kind, source in (("toml", "crm"), ("yaml", "shop"), ("json", "crm")):
        exported = callsheet.succeed("export", "--source", source, *([] if kind == "toml" else ["-o", kind])).out
        assert "NO" in exported
        assert callsheet.succeed("diff", "--prune", written(f"exported.{kind}", exported)).out == ""

    callsheet.succeed("schedules", "set", "crm-nightly", "priority=9")
    drift = callsheet("diff", files[0])
    assert (drift.code, drift.out) == (1, "~ crm-nightly\n    priority: 9 -> 5\n")
    assert callsheet("diff", files[0], "-o", "name").out == "schedules/crm-nightly\n"
    smaller = written("crm.toml", TOML[: TOML.index('[schedules."')])
    pruned = callsheet.succeed("apply", "--prune", smaller, "-o", "json").json
    assert [each["name"] for each in pruned["delete"]] == ["crm.dotted"]
    assert pruned["update"][0]["changes"] == [{"field": "priority", "before": 9, "after": 5}]


def test_conflicts_end_with_one_and_nothing_is_written(callsheet: CommandLine, written: Any) -> None:
    mine = written("mine.toml", 'source = "mine"\n[schedules.taken]\nactor = "x"\n')
    other = written("other.yaml", "{source: other, schedules: {taken: {actor: x}, more: {actor: x}}}")
    callsheet.succeed("apply", mine)
    refused = callsheet("apply", other)
    assert (refused.code, refused.out) == (1, "")
    assert "taken (file:mine)" in refused.err
    for code, command in ((1, ["diff"]), (0, ["apply", "--dry-run"])):
        shown = callsheet(*command, other)
        assert (shown.code, shown.out) == (code, "+ more\n! taken belongs to file:mine\n")
        assert "1 in conflict: it would be refused" in shown.err
    assert callsheet("schedules", "get", "more").code == 5
    callsheet.succeed("apply", "--adopt", other)
    assert callsheet.succeed("schedules", "get", "taken", "-o", "json").json["source"] == "file:other"


def test_a_file_may_come_by_stdin(callsheet: CommandLine) -> None:
    assert (
        "+ by-stdin" in callsheet("diff", "-", stdin='{"source": "s", "schedules": {"by-stdin": {"actor": "x"}}}').out
    )


def test_what_is_wrong_is_said_without_a_server(callsheet: CommandLine, written: Any) -> None:
    path = written("a.toml", 'source = "s"\n[schedules.a]\nactor = "x"\ncolour = 1\ncron = "61 * * * *"\n')
    refused = callsheet("validate", path, CALLSHEET_URL="http://127.0.0.1:1")
    assert (refused.code, refused.out) == (2, "")
    assert f"{path}:4: schedules.a.colour: unknown field" in refused.err


def test_a_name_in_two_files_is_an_error(callsheet: CommandLine, written: Any) -> None:
    one = written("one.toml", 'source = "s"\n[schedules.a]\nactor = "x"\n')
    two = written("two.yaml", "source: s\nschedules:\n  a:\n    actor: x\n")
    for verb in ("validate", "apply", "diff"):
        refused = callsheet(verb, one, two)
        assert refused.code == 2
        assert f"{two}:3: schedules.a is also in {one}:2" in refused.err
