"""Rescue: take back runs whose worker is gone, and end those that missed their deadline."""

import sqlalchemy as sa
import structlog

from models.lifecycle.ended import tally_outcomes
from models.lifecycle.rescuing import rescue_lost_runs, skip_overdue_runs

log = structlog.get_logger("scheduling")


def rescue_runs(engine: sa.Engine, lease_seconds: float, limit: int) -> int:
    """End attempts whose lease ran out, and skip runs past their start deadline; how many rows were touched."""
    with engine.begin() as connection:
        lost = rescue_lost_runs(connection, lease_seconds, limit)
        overdue = skip_overdue_runs(connection, limit)
    with engine.begin() as connection:  # apart: planning locks schedules before runs
        tally_outcomes(connection, lost)
    for run in lost:
        log.warning("rescue", run_id=str(run.id), actor=run.actor, attempt=run.attempt, state=run.state)
    if overdue:
        log.info("skip", reason="deadline", runs=overdue)
    return len(lost) + overdue
