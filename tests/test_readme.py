"""The README says what is so: its picture, settings, commands and first actor."""

import re

import pytest

from config.settings import Settings
from tests.end_to_end.deployment import PROCFILE, ROOT

README = (ROOT / "README.md").read_text()
SETTINGS = [
    (f"{section}.{key}", field.default)
    for section, model in Settings.model_fields.items()
    for key, field in model.annotation.model_fields.items()  # type: ignore[union-attr]
]


def shown(default: object) -> str:
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, str):
        return f'"{default}"'
    return "" if default is None else str(default)


@pytest.mark.parametrize(("name", "default"), SETTINGS, ids=str)
def test_every_setting_stands_in_the_table_with_its_default(name: str, default: object) -> None:
    row = re.search(rf"^\| `{re.escape(name)}` \| (.*?) *\|", README, flags=re.MULTILINE)
    assert row is not None
    assert row[1].strip() == shown(default)


def test_the_table_has_no_setting_that_is_not_there() -> None:
    table = README.split("## Settings", 1)[1].split("## Operations", 1)[0]
    assert set(re.findall(r"^\| `([a-z_.]+)` \|", table, flags=re.MULTILINE)) == {name for name, _ in SETTINGS}


def test_the_picture_shows_the_processes_of_the_procfile() -> None:
    picture = README.split("flowchart", 1)[1].split("```", 1)[0]
    for process in PROCFILE:
        assert re.search(rf"\b{process}\b", picture)


def test_ci_runs_the_commands_of_the_readme() -> None:
    ci = (ROOT / ".ci" / "run").read_text()
    for command in ("make lint", "make test"):
        assert command in README
        assert re.search(rf"^{command}", ci, flags=re.MULTILINE)


def test_every_path_it_names_exists() -> None:
    for path in re.findall(r"`((?:config|tests|api|actors|scheduling)/[a-z_./]*)`", README):
        if path != "actors/greet.py":
            assert (ROOT / path).exists(), path
