"""The rules that the shape of the code keeps. Each takes a file and gives what is wrong with it."""

import ast
import re
from collections.abc import Callable, Iterator

from tests.structure.sources import PACKAGES, Source

LONGEST_FILE = 250
LONGEST_FUNCTION = 40
MOST_FILES = 16

COMPOSITION_ROOTS = ("api/cli/local/up.py", "api/cli/local/processes.py")
"""They start processes, all in one or each by itself, so they may import everything."""

OF_BOTH = ("scheduling.cron", "scheduling.slots", "scheduling.explanations", "scheduling.explaining")
"""What the API and actors may use of scheduling."""

MAY_IMPORT = {
    "config": (),
    "models": ("config",),
    "scheduling": ("config", "models", "migrations.pending"),
    "actors": ("config", "models", "migrations.pending", *OF_BOTH),
    "migrations": ("config", "models"),
    "api": ("config", "models", "migrations", *OF_BOTH, "scheduling.commands"),
}
PURE = ("scheduling/cron", "scheduling/slots", "scheduling/explanations")
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
CLOCKS = {"now", "utcnow", "today"}
FACES = ("actors/__init__.py", "actors/context.py", "actors/testing.py")
"""Files of `actors/` that are no actors: they stand between actors and the engine."""

FACES_OF_FOLDERS = (
    "actors",
    "api/cli",
    "api/dashboard/charts",
    "api/web/examples",
    "migrations",
    "models/tables",
    "scheduling/cron",
)
"""Folders whose `__init__` hands on what is in them."""

SQL = re.compile(r"\b(SELECT|INSERT INTO|UPDATE|DELETE FROM)\b.*\b(FROM|SET|VALUES|WHERE)\b", re.DOTALL)


def _starts(name: str, *prefixes: str) -> bool:
    return any(name == prefix or name.startswith(f"{prefix}.") for prefix in prefixes)


def imports_point_inwards(source: Source) -> Iterator[str]:
    if str(source) in COMPOSITION_ROOTS:
        return
    for name in source.imports_ours():
        if name.partition(".")[0] != source.package and not _starts(name, *MAY_IMPORT[source.package]):
            yield f"imports {name}"


def pure_files_do_no_input_or_output_and_read_no_clock(source: Source) -> Iterator[str]:
    if source.is_below(*PURE):
        yield from (f"imports {name}" for name in source.imports() if name.partition(".")[0] in IMPURE)
        attributes = {node.attr for node in ast.walk(source.tree()) if isinstance(node, ast.Attribute)}
        yield from (f"reads the clock by {name}" for name in attributes & CLOCKS)


def actors_stand_on_their_faces_alone(source: Source) -> Iterator[str]:
    """An actor knows the engine by `actors.context`; the engine knows no actor; the outside knows neither."""
    if source.package != "actors":
        return
    for name in source.imports_ours():
        if name.partition(".")[0] == "actors" and not _starts(name, *_what_actors_may(source)):
            yield f"imports {name}"


def _what_actors_may(source: Source) -> tuple[str, ...]:
    if source.is_below("actors/outside"):
        return ("actors.outside",)
    if source.is_below("actors/worker") or str(source) in FACES:
        return ("actors.outside", "actors.worker", *(("actors.context",) if str(source) in FACES else ()))
    return ("actors.context", "actors.outside")


def folders_say_what_they_are(source: Source) -> Iterator[str]:
    """An `__init__` is one sentence, unless it is the face of its folder."""
    if source.path.name != "__init__.py":
        return
    body = source.tree().body
    if ast.get_docstring(source.tree()) is None:
        yield "has no docstring"
    elif len(body) > 1 and str(source.path.parent) not in FACES_OF_FOLDERS:
        yield "holds more than a docstring"


def private_parts_stay_private(source: Source) -> Iterator[str]:
    for name in source.imports_ours():
        if any(part.startswith("_") and not part.startswith("__") for part in name.split(".")):
            yield f"imports {name}"


def sql_lives_in_the_models(source: Source) -> Iterator[str]:
    if source.package in ("models", "migrations"):
        return
    for node in ast.walk(source.tree()):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.search(node.value):
            yield f"line {node.lineno} is SQL"


def files_and_functions_stay_short(source: Source) -> Iterator[str]:
    if (lines := len(source.text.splitlines())) > LONGEST_FILE:
        yield f"has {lines} lines"
    for node in ast.walk(source.tree()):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[1] if ast.get_docstring(node) and len(node.body) > 1 else node.body[0]
            if (node.end_lineno or 0) - first.lineno >= LONGEST_FUNCTION:
                yield f"{node.name} is too long"


RULES: tuple[Callable[[Source], Iterator[str]], ...] = (
    imports_point_inwards,
    pure_files_do_no_input_or_output_and_read_no_clock,
    actors_stand_on_their_faces_alone,
    folders_say_what_they_are,
    private_parts_stay_private,
    sql_lives_in_the_models,
    files_and_functions_stay_short,
)

assert set(MAY_IMPORT) == set(PACKAGES)
