"""Rescue: take back runs whose worker is gone, and end those that missed their deadline."""

from collections.abc import Sequence
from typing import NamedTuple

import sqlalchemy as sa
import structlog

from models.counters.counting import count
from models.lifecycle.ended import EndedRun, after_ends, tally_outcomes
from models.lifecycle.finishing import FinishedAttempt, finish_lost_runs, save_outputs
from models.lifecycle.rescuing import skip_overdue_runs, take_lost_runs
from models.live.settling import with_shown
from models.live.showing import hide_runs
from models.statistics.adding import Statistics
from models.statistics.counts import of_attempts, of_ended
from models.words.states import Outcome

log = structlog.get_logger("scheduling")

_LOST = "the worker did not renew its lease: its machine is gone, or it lost the database"


class Rescued(NamedTuple):
    """How many attempts were ended, and what is still to be counted with schedules that somebody has locked."""

    attempts: int
    untallied: list[EndedRun]


def rescue_runs(engine: sa.Engine, limit: int, statistics: Statistics) -> Rescued:
    """End attempts whose lease ran out."""
    with engine.begin() as connection:
        lost = _lost_attempts(connection, limit)
        ended = _end(connection, lost)
        untallied = tally_outcomes(connection, ended)
    statistics.count(of_attempts(lost, ended))
    if ended:
        count("callsheet_rescued_total", len(ended))
    for run in ended:
        log.warning("rescue", run_id=str(run.id), attempt=run.attempt, state=run.state)
    return Rescued(len(ended), untallied)


def end_lost_runs(connection: sa.Connection, limit: int) -> list[EndedRun]:
    """End the attempts whose lease ran out as `lost`; their runs as they are then."""
    return _end(connection, _lost_attempts(connection, limit))


def skip_overdue(engine: sa.Engine, limit: int, statistics: Statistics | None = None) -> int:
    """Skip runs that did not start by their deadline; how many."""
    with engine.begin() as connection:
        overdue = skip_overdue_runs(connection, limit)
        after_ends(connection, overdue)
    if overdue:
        if statistics is not None:
            statistics.count(of_ended(overdue))
        if slots := sum(run.never_ran for run in overdue):
            count("callsheet_slots_total", slots, outcome="skipped", reason="deadline")
        log.info("skip", reason="deadline", runs=len(overdue))
    return len(overdue)


def _lost_attempts(connection: sa.Connection, limit: int) -> list[FinishedAttempt]:
    lost = take_lost_runs(connection, limit)
    return with_shown(connection, [run.ended(Outcome.LOST, run.now, _LOST, run.started_at) for run in lost])


def _end(connection: sa.Connection, lost: Sequence[FinishedAttempt]) -> list[EndedRun]:
    ended = finish_lost_runs(connection, lost)
    save_outputs(connection, [end for end in lost if end.has_output()])
    hide_runs(connection, [(end.id, end.attempt) for end in lost])
    after_ends(connection, ended)
    return ended
