"""What the docs say that we lean on privately: the files are there, and so are the tests that would fail first."""

import re

import pytest

from tests.end_to_end.deployment import ROOT

TABLE = (ROOT / "docs" / "architecture-private.md").read_text()
ROWS = [
    cells
    for line in TABLE.splitlines()
    if len(cells := [cell.strip() for cell in line.split(" | ")]) == 4 and "::" in line
]


def test_there_is_a_table() -> None:
    assert len(ROWS) > 20


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][2:60])
def test_every_row_names_files_and_a_test_that_exist(row: list[str]) -> None:
    _, where, _, test = row
    for file in re.findall(r"`([^`]+)`", where):
        assert (ROOT / file).is_file()
    [(file, function)] = re.findall(r"`([^`:]+)::(\w+)`", test)
    assert re.search(rf"^def {function}\(", (ROOT / file).read_text(), flags=re.MULTILINE)
