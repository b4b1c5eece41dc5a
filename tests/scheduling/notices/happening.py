"""What happens to runs, and channels that are told of it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from models.lifecycle.ended import after_ends, tally_outcomes
from models.lifecycle.finishing import FinishedAttempt, finish_runs
from models.notices.definition import ChannelDefinition
from models.sql.clock import read_present
from models.words.states import Outcome, State
from scheduling.commands.audit import By
from scheduling.commands.channels import edit
from tests.models.rows import WORKER, add_run, add_schedule, claim

BY = By("ann")
Notices = Callable[[], list[dict[str, Any]]]


def put(engine: sa.Engine, name: str = "ops", **fields: Any) -> None:
    with engine.begin() as connection:
        given = {"kind": "webhook", "url": "https://example.com/x", **fields}
        edit.put(connection, name, ChannelDefinition(**given), BY)


def run(connection: sa.Connection, state: State = State.FAILED, *, seconds: float = 0.1, **columns: Any) -> UUID:
    """A run that ends like this, having taken so long."""
    id_ = add_run(connection, **columns)
    finish(connection, id_, state, seconds=seconds)
    return id_


def finish(connection: sa.Connection, id_: UUID, state: State, *, attempt: int = 1, seconds: float = 0.1) -> None:
    assert claim(connection, id_, attempt - 1)
    outcome = Outcome.SUCCEEDED if state is State.SUCCEEDED else Outcome.FAILED
    at = read_present(connection)
    schedule = connection.exec_driver_sql("SELECT schedule_id FROM runs WHERE id = %(id)s", {"id": id_}).scalar_one()
    end = FinishedAttempt(id_, attempt, outcome, state, at, schedule, started_at=at - timedelta(seconds=seconds))
    if outcome is Outcome.FAILED:
        end.error_type, end.error_message = "ValueError", "no such customer"
    ended = finish_runs(connection, [end], WORKER)
    after_ends(connection, ended)
    tally_outcomes(connection, ended)


def kinds(found: list[dict[str, Any]]) -> list[str]:
    return [each["kind"] for each in found]


def took(engine: sa.Engine, *seconds: float) -> list[UUID]:
    """Runs of a schedule one after the other, which take so long."""
    with engine.begin() as connection:
        schedule = add_schedule(connection)
    found = []
    for each in seconds:
        with engine.begin() as connection:
            found.append(run(connection, State.SUCCEEDED, seconds=each, schedule_id=schedule))
    return found
