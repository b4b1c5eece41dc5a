"""One table of transitions: code, CHECKs and documents agree."""

import re

import psycopg

from models.states import FINAL_STATES, LIVE_STATES, TRANSITIONS, State, sources
from tests.end_to_end.deployment import ROOT


def test_every_state_is_in_the_table_and_each_is_live_or_final() -> None:
    assert set(TRANSITIONS) == set(State)
    assert set(LIVE_STATES) | set(FINAL_STATES) == set(State)
    assert set(FINAL_STATES) == {State.SUCCEEDED, State.FAILED, State.CANCELLED, State.SKIPPED}


def test_a_claim_may_come_from_every_waiting_state() -> None:
    assert set(sources(State.RUNNING)) == {State.PLANNED, State.QUEUED, State.RETRYING}


def test_the_database_knows_the_same_states(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        row = connection.execute(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'runs_state_check' LIMIT 1"
        ).fetchone()
    assert row is not None
    assert set(re.findall(r"'(\w+)'", row[0])) == {state.value for state in State}


def test_the_readme_draws_the_same_transitions() -> None:
    """The state diagram of the README: `a --> b` for each move, with `[*]` for beginning and end."""
    diagram = (ROOT / "README.md").read_text().split("stateDiagram-v2", 1)[1].split("```", 1)[0]
    drawn = set(re.findall(r"^ *([\w]+) --> ([\w]+)", diagram, flags=re.MULTILINE))
    assert drawn == {(source.value, target.value) for source, targets in TRANSITIONS.items() for target in targets}
