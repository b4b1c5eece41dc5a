"""Runs that fail and succeed one after the other, and how often they are counted."""

from collections.abc import Iterable
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from models.failures import folding
from models.failures.listing import Failure, list_failures
from models.lifecycle.claiming import claim_runs
from models.lifecycle.ended import after_ends, tally_outcomes
from models.lifecycle.finishing import FinishedAttempt, finish_runs
from models.sql.clock import read_clock
from models.words.ids import new_run_id
from models.words.states import Outcome, State
from tests.models.rows import WORKER, add_run

_later = count()


def start(connection: sa.Connection, worker: UUID = WORKER, **columns: Any) -> UUID:
    """A run that is under way; its id is later than that of any before it."""
    now = read_clock(connection)
    run = add_run(connection, id=new_run_id(now + timedelta(milliseconds=next(_later))), **columns)
    assert len(claim_runs(connection, [run], 0, worker, 60)) == 1
    return run


def end(
    connection: sa.Connection,
    runs: Iterable[UUID],
    error: str | None = None,
    *,
    kind: str = "ValueError",
    state: State | None = None,
    schedule: UUID | None = None,
    worker: UUID = WORKER,
) -> None:
    """What a worker does at the end of them: they succeed, unless they have an error."""
    now = read_clock(connection)
    state = state or (State.SUCCEEDED if error is None else State.FAILED)
    outcome = Outcome.SUCCEEDED if error is None else Outcome.FAILED
    told = {} if error is None else {"error_type": kind, "error_message": error}
    ends = [
        FinishedAttempt(run, 1, outcome, state, now, schedule_id=schedule, started_at=now, counts=bool(error), **told)
        for run in runs
    ]
    written = finish_runs(connection, ends, worker)
    assert len(written) == len(ends)
    after_ends(connection, written)
    tally_outcomes(connection, written)


def fail(connection: sa.Connection, error: str = "no", kind: str = "ValueError", **columns: Any) -> UUID:
    """A run that fails for good."""
    run = start(connection, **columns)
    end(connection, [run], error, kind=kind, schedule=columns.get("schedule_id"))
    return run


def succeed(connection: sa.Connection, **columns: Any) -> UUID:
    """A run that succeeds."""
    run = start(connection, **columns)
    end(connection, [run], schedule=columns.get("schedule_id"))
    return run


def fold(connection: sa.Connection) -> list[Failure]:
    """Count what has failed; all kinds there are, those that were seen last first."""
    assert folding.be_alone(connection)
    while folding.fold_failures(connection, 100):
        pass
    return list_failures(connection, 1000)
