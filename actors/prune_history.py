"""Prune: housekeeping of the history, an actor like any other."""

from datetime import timedelta
from typing import Any

import dramatiq
import sqlalchemy as sa
import structlog
from periodiq import cron

from actors.context import should_stop
from config.settings import get_settings
from models.pruning import make_partitions, prune_runs, prune_trigger_keys
from models.states import State

log = structlog.get_logger("worker")

BATCH = 1000


@dramatiq.actor(periodic=cron("17 3 * * *"), time_limit=3_600_000)
def prune_history() -> dict[str, Any]:
    """Delete history that is older than the settings of `retention` say, and make the partitions of coming months.

    Works in small batches, each its own short transaction. Returns how many rows went, by state.
    """
    settings = get_settings()
    retention = settings.retention
    days = {
        State.SUCCEEDED: retention.succeeded_days,
        State.FAILED: retention.failed_days,
        State.CANCELLED: retention.failed_days,
        State.SKIPPED: retention.skipped_days,
    }
    broker: Any = dramatiq.get_broker()
    engine = broker.process.engine
    deleted = dict.fromkeys(days, 0)
    try:
        with engine.begin() as connection:
            make_partitions(connection)
    except sa.exc.OperationalError as error:
        log.warning("partitions", error=str(error.orig).strip())
    with engine.begin() as connection:
        prune_trigger_keys(connection, timedelta(days=1))
    for state, kept_days in days.items():
        more = True
        while more and not should_stop():
            with engine.begin() as connection:
                count = prune_runs(connection, state, timedelta(days=kept_days), BATCH)
            deleted[state] += count
            more = count == BATCH
    return {state.value: count for state, count in deleted.items()}
