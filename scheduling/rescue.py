"""Rescue: take back runs whose worker is gone, and end those that missed their deadline."""

import sqlalchemy as sa
import structlog

from models.lifecycle.ended import EndedRun, after_ends, tally_outcomes
from models.lifecycle.finishing import FinishedAttempt, finish_lost_runs
from models.lifecycle.rescuing import LostRun, skip_overdue_runs, take_lost_runs
from models.words.backoff import backoff_seconds
from models.words.states import Outcome, State

log = structlog.get_logger("scheduling")

_LOST = "the worker did not renew its lease: it was killed, or lost the database"


def rescue_runs(engine: sa.Engine, lease_seconds: float, limit: int) -> int:
    """End attempts whose lease ran out, and skip runs past their start deadline; how many rows were touched."""
    with engine.begin() as connection:
        ended = end_lost_runs(connection, lease_seconds, limit)
        overdue = skip_overdue_runs(connection, limit)
        after_ends(connection, overdue)
        locked = tally_outcomes(connection, ended)
    if locked:
        with engine.begin() as connection:
            tally_outcomes(connection, locked)  # once more: planning holds a schedule but for a moment
    for run in ended:
        log.warning("rescue", run_id=str(run.id), attempt=run.attempt, state=run.state)
    if overdue:
        log.info("skip", reason="deadline", runs=len(overdue))
    return len(ended) + len(overdue)


def end_lost_runs(connection: sa.Connection, lease_seconds: float, limit: int) -> list[EndedRun]:
    """End the attempts whose lease ran out as `lost`; their runs as they are then."""
    lost = take_lost_runs(connection, lease_seconds, limit)
    ended = finish_lost_runs(connection, [_end(run) for run in lost])
    after_ends(connection, ended)
    return ended


def _end(run: LostRun) -> FinishedAttempt:
    """A lost attempt counts as a failed one: the run retries or fails by its policy."""
    state = State.RETRYING if run.retries < run.max_retries else State.FAILED
    return FinishedAttempt.of(
        run,
        Outcome.LOST,
        State.CANCELLED if run.is_to_cancel else state,
        run.now,
        started_at=run.started_at,
        counts=True,
        delay_seconds=backoff_seconds(run.retries, run.min_backoff_seconds, run.max_backoff_seconds),
        error_type="WorkerLost",
        error_message=_LOST,
    )
