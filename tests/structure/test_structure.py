"""The shape of the code: which way imports point, what is pure, where SQL lives, how long and how full things are."""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath

import pytest

from tests.structure import rules
from tests.structure.sources import Source, arrows, find_circle, of_tests, sources

SOURCES, TESTS = sources(), of_tests()
Rule = Callable[[Source], Iterator[str]]


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.__name__)
def test_every_file_keeps_the_rules(rule: Rule) -> None:
    assert {str(source): found for source in SOURCES if (found := list(rule(source)))} == {}


@pytest.mark.parametrize("between_rooms", [False, True], ids=["modules", "rooms"])
def test_imports_have_no_circle(between_rooms: bool) -> None:
    assert find_circle(arrows(SOURCES, between_rooms=between_rooms)) == []


def test_tests_stay_as_short() -> None:
    assert {str(test): found for test in TESTS if (found := list(rules.files_and_functions_stay_short(test)))} == {}


def test_no_folder_is_full() -> None:
    files = Counter(source.path.parent for source in SOURCES if source.path.name != "__init__.py")
    assert {str(folder): number for folder, number in files.items() if number > rules.MOST_FILES} == {}


def test_every_folder_is_a_package() -> None:
    folders = {source.path.parent for source in SOURCES}
    assert folders == {source.path.parent for source in SOURCES if source.path.name == "__init__.py"}


BROKEN = [
    (rules.imports_point_inwards, "models/runs.py", "from scheduling.plan import plan_due"),
    (rules.imports_point_inwards, "scheduling/tick.py", "from actors.context import current_run"),
    (rules.imports_point_inwards, "api/v1/runs.py", "from scheduling.plan import plan_schedules"),
    (rules.imports_point_inwards, "actors/greet.py", "from scheduling.commands.edit import create"),
    (rules.pure_files_do_no_input_or_output_and_read_no_clock, "scheduling/cron/fires.py", "import os"),
    (rules.pure_files_do_no_input_or_output_and_read_no_clock, "scheduling/slots/due.py", "now = datetime.now(UTC)"),
    (
        rules.pure_files_do_no_input_or_output_and_read_no_clock,
        "scheduling/explanations/new.py",
        "import sqlalchemy as sa",
    ),
    (rules.actors_stand_on_their_faces_alone, "actors/greet.py", "from actors.worker.wiring import make_broker"),
    (rules.actors_stand_on_their_faces_alone, "actors/worker/wiring.py", "from actors.log_message import log_message"),
    (rules.actors_stand_on_their_faces_alone, "actors/outside/deadline.py", "from actors.context import current_run"),
    (rules.folders_say_what_they_are, "actors/outside/__init__.py", '"""A room."""\nVALUE = 1'),
    (rules.folders_say_what_they_are, "actors/outside/__init__.py", ""),
    (rules.private_parts_stay_private, "api/v1/runs.py", "from api.v1.schedules import _check_name"),
    (rules.sql_lives_in_the_models, "api/v1/runs.py", 'statement = "SELECT * FROM runs WHERE id = 1"'),
    (rules.files_and_functions_stay_short, "api/v1/runs.py", "x = 1\n" * 251),
    (rules.files_and_functions_stay_short, "api/v1/runs.py", "def f():\n" + "    x = 1\n" * 41),
    (rules.files_and_functions_stay_short, "api/v1/runs.py", "async def f():\n" + "    x = 1\n" * 41),
]


@pytest.mark.parametrize(("rule", "path", "text"), BROKEN, ids=lambda each: getattr(each, "__name__", str(each))[:60])
def test_what_breaks_a_rule_is_found(rule: Rule, path: str, text: str) -> None:
    assert list(rule(Source(PurePosixPath(path), text)))


def test_a_circle_is_found() -> None:
    assert find_circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]
