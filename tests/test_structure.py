"""The shape of the code: which way imports point, what is pure, where SQL lives, how long files and functions are."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.deployment import ROOT

PACKAGES = ("config", "models", "scheduling", "actors", "api", "migrations")
MAY_IMPORT = {
    "config": set(),
    "models": {"config"},
    "scheduling": {"config", "models"},
    "actors": {"config", "models"},
    "migrations": {"config", "models"},
    "api": {"config", "models", "migrations", "scheduling"},
}
API_MAY_USE = {f"scheduling.{module}" for module in ("cron", "slots", "commands", "plan")}
"""Of scheduling, the API uses what is pure, and planning: an edit first decides what is due."""

COMPOSITION_ROOT = "api/cli/local/up.py"
PURE = ("scheduling/cron", "scheduling/slots", "api/explanations")
IMPURE = {
    "os",
    "io",
    "time",
    "random",
    "socket",
    "subprocess",
    "sqlalchemy",
    "psycopg",
    "pika",
    "dramatiq",
    "structlog",
}
SQL = re.compile(r"\b(SELECT|INSERT INTO|UPDATE|DELETE FROM)\b.*\b(FROM|SET|VALUES|WHERE)\b", re.DOTALL)
SOURCES = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py") if "versions" not in path.parts]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports_of(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_imports_point_inwards(path: Path) -> None:
    if name_of(path) == COMPOSITION_ROOT:
        return
    package = path.relative_to(ROOT).parts[0]
    for imported in imports_of(path):
        top = imported.split(".")[0]
        if top in PACKAGES and top != package:
            assert top in MAY_IMPORT[package], f"{name_of(path)} imports {imported}"
            if (package, top) == ("api", "scheduling"):
                assert any(imported.startswith(allowed) for allowed in API_MAY_USE), imported


@pytest.mark.parametrize("path", [path for folder in PURE for path in (ROOT / folder).glob("*.py")], ids=name_of)
def test_pure_modules_do_no_input_or_output_and_read_no_clock(path: Path) -> None:
    assert not {imported.split(".")[0] for imported in imports_of(path)} & IMPURE
    called = {node.attr for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)}
    assert not called & {"now", "utcnow", "today"}


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_sql_lives_in_the_models(path: Path) -> None:
    if path.relative_to(ROOT).parts[0] in ("models", "migrations"):
        return
    strings = [n.value for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Constant)]
    assert not [text for text in strings if isinstance(text, str) and SQL.search(text)]


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_files_and_functions_stay_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 250
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef):
            first = node.body[1] if ast.get_docstring(node) and len(node.body) > 1 else node.body[0]
            assert (node.end_lineno or 0) - first.lineno < 40, node.name
