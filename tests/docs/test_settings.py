"""Every setting stands in docs/settings.md, and in the file of settings, with its default."""

import re

import pytest
from pydantic import SecretStr

from config.settings import Settings
from tests.docs.pages import rows_of
from tests.end_to_end.deployment import ROOT

DEFAULTS = {
    f"{section}.{key}": field.default
    for section, model in Settings.model_fields.items()
    for key, field in model.annotation.model_fields.items()  # type: ignore[union-attr]
}
ROWS = {
    row[0].strip("`"): row[1] for row in rows_of((ROOT / "docs" / "settings.md").read_text()) if row[0].startswith("`")
}


def shown(default: object) -> str:
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, SecretStr):
        default = default.get_secret_value()
    if isinstance(default, list):
        return f"[{', '.join(shown(each) for each in default)}]"
    if isinstance(default, str):
        return f'"{default}"'
    return "" if default is None else str(default)


@pytest.mark.parametrize(("name", "default"), DEFAULTS.items(), ids=str)
def test_a_setting_stands_in_the_table_with_its_default(name: str, default: object) -> None:
    assert ROWS[name] == shown(default)


def test_the_table_has_no_setting_that_is_not_there() -> None:
    assert set(ROWS) == set(DEFAULTS)


def test_the_file_of_settings_shows_all_that_have_a_default() -> None:
    """Commented out, as `# key = default`, under the section's header."""
    text = (ROOT / "config" / "callsheet.toml").read_text()
    section, found = "", set()
    for line in text.splitlines():
        if header := re.fullmatch(r"\[(\w+)\]", line):
            section = header[1]
        elif key := re.match(r"# (\w+) = (\[.*?\]|\S+)", line):
            name = f"{section}.{key[1]}"
            assert key[2] == shown(DEFAULTS[name])
            found.add(name)
    assert found == {name for name, default in DEFAULTS.items() if default is not None}
