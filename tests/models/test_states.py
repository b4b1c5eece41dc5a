"""One table of transitions: code and CHECKs agree; `tests/docs/test_states.py` has the documents."""

import re

import psycopg

from models.words.states import FINAL_STATES, LIVE_STATES, TRANSITIONS, State, sources


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
