"""Prune: housekeeping of the history, an actor like any other."""

from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import UUID

import dramatiq
import sqlalchemy as sa
import structlog
from periodiq import cron

from actors.context import should_stop, worker_engine
from config.sections import Retention
from config.settings import get_settings
from models.access.sessions import prune_sessions
from models.failures.pruning import prune_failed_runs, prune_failures
from models.lifecycle.pruning import (
    FIRST_ID,
    drop_partition,
    make_partitions,
    prune_audit,
    prune_deleted_schedules,
    prune_processes,
    prune_runs,
    prune_scheduling_gaps,
    prune_trigger_keys,
)
from models.live.settling import settle_left
from models.statistics.reading import prune_statistics
from models.verifying.results import note_pruned
from models.words.states import State

log = structlog.get_logger("worker")

BATCH = 2000

DAY = timedelta(days=1)
"""What is kept of processes that are gone, and of idempotency keys."""


@dramatiq.actor(periodic=cron("17 3 * * *"), time_limit=3_600_000)
def prune_history() -> dict[str, Any]:
    """Delete history that is older than the settings of `retention` say, and the audit than `access.audit_days` says,
    with processes that have been gone for a day, and make the partitions of coming months.

    Months that are past every retention go as a whole; what else is too old goes in small batches. Each is a short
    transaction. Returns how many rows went, by state, and which months.
    """
    engine = worker_engine()
    settings = get_settings()
    ages = _ages(settings.retention)
    with engine.begin() as connection:
        note_pruned(connection, min(ages.values()))
    months = _keep_partitions(engine, max(ages.values()))
    with engine.begin() as connection:
        prune_trigger_keys(connection, DAY)
        prune_processes(connection, DAY)
        prune_scheduling_gaps(connection, max(ages.values()))
        prune_failures(connection, ages[State.FAILED])
        prune_deleted_schedules(connection, max(ages.values()))
        prune_sessions(connection)
        settle_left(connection, BATCH)
    _prune_statistics(engine)
    _prune_audit(engine, settings.access.audit_days)
    deleted: Counter[str] = Counter({state.value: 0 for state in ages})
    after = FIRST_ID
    while not should_stop():
        with engine.begin() as connection:
            pruned = prune_runs(connection, ages, after, BATCH)
        deleted.update({state.value: rows for state, rows in pruned.deleted.items()})
        if pruned.last_id is None:
            break
        after = pruned.last_id
    _forget_failed_runs(engine, ages[State.FAILED])
    return {**deleted, "months": months}


def _forget_failed_runs(engine: sa.Engine, age: timedelta) -> None:
    after: UUID | None = FIRST_ID
    while after is not None and not should_stop():
        with engine.begin() as connection:
            after = prune_failed_runs(connection, age, after, BATCH)


def _prune_statistics(engine: sa.Engine) -> None:
    while not should_stop():
        with engine.begin() as connection:
            if prune_statistics(connection, BATCH) < BATCH:
                return


def _prune_audit(engine: sa.Engine, days: float) -> None:
    """In small batches; nothing where it is kept for ever."""
    while days and not should_stop():
        with engine.begin() as connection:
            if prune_audit(connection, timedelta(days=days), BATCH) < BATCH:
                return


def _ages(retention: Retention) -> dict[State, timedelta]:
    return {
        State.SUCCEEDED: timedelta(days=retention.succeeded_days),
        State.FAILED: timedelta(days=retention.failed_days),
        State.CANCELLED: timedelta(days=retention.failed_days),
        State.SKIPPED: timedelta(days=retention.skipped_days),
    }


def _keep_partitions(engine: sa.Engine, age: timedelta) -> list[str]:
    """Make the months ahead and drop those that are past; where the tables are busy, the next day does it."""
    months: list[str] = []
    try:
        with engine.begin() as connection:
            make_partitions(connection)
        while not should_stop():
            with engine.begin() as connection:
                month = drop_partition(connection, age)
            if month is None:
                break
            months.append(month)
    except sa.exc.OperationalError as error:
        log.warning("partitions", error=str(error.orig).strip())
    return months
