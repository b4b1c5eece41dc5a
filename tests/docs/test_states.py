"""The states of a run in docs/guarantees.md are those of the code."""

import re

from models.words.states import TRANSITIONS, State
from tests.docs.pages import rows_of
from tests.end_to_end.deployment import ROOT

PAGE = (ROOT / "docs" / "guarantees.md").read_text()


def test_the_diagram_draws_the_transitions() -> None:
    """`a --> b` for each move, with `[*]` for beginning and end."""
    diagram = PAGE.split("stateDiagram-v2", 1)[1].split("```", 1)[0]
    drawn = set(re.findall(r"^ *([\w]+) --> ([\w]+)", diagram, flags=re.MULTILINE))
    assert drawn == {(source.value, target.value) for source, targets in TRANSITIONS.items() for target in targets}


def test_the_table_says_what_each_state_means() -> None:
    section = PAGE.split("## States of a run", 1)[1].split("\n## ", 1)[0]
    named = [name for row in rows_of(section) for name in re.findall(r"`(\w+)`", row[0])]
    assert sorted(named) == sorted(state.value for state in State)
