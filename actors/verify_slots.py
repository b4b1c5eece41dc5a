"""Verify: whether each slot that must exist has exactly one row, looked at every hour."""

from datetime import timedelta
from typing import Any

import dramatiq
import structlog
from periodiq import cron

from actors.context import should_stop, worker_engine
from config.settings import get_settings
from models.sql.clock import read_clock
from models.verifying.reader import LedgerReader
from models.verifying.results import VERIFY, snapshot, store_result
from models.words.instants import write_instant
from scheduling.slots.verify import BEGIN, Part, verify

log = structlog.get_logger("worker")

DAY = timedelta(days=1)
LISTED = 10
"""So many problems are told of in the log and in the result."""

PART = 100_000
"""So many steps at a time, each in a snapshot of its own, which is not to stay open for long."""


@dramatiq.actor(periodic=cron("41 * * * *"), time_limit=3_600_000)
def verify_slots() -> dict[str, Any]:
    """Compute anew which slots of the last day must exist, and look whether each has exactly one row.

    What can't be accounted for is a warning in the log. Returns how many slots there were, how many of them have their
    one row, and the first of those that have not; that is kept until the next time.
    """
    engine, kept = worker_engine(), get_settings().retention.whole
    with engine.begin() as connection:
        until = read_clock(connection)
    since, place, total = until - DAY, BEGIN, _nothing(until)
    while not should_stop():
        with snapshot(engine) as connection:
            part = verify(LedgerReader(connection, kept), since, until, place, PART)
        _add(total, part)
        if part.next is None:
            break
        place = part.next
    else:
        return total
    with engine.begin() as connection:
        store_result(connection, VERIFY, total)
    if total["unaccounted"]:
        log.warning("verify", **total)
    return total


def _nothing(until: Any) -> dict[str, Any]:
    numbers = dict.fromkeys(("schedules", "slots", "accounted", "undecided", "unaccounted"), 0)
    return {"since": write_instant(until - DAY), "until": write_instant(until), **numbers, "first": []}


def _add(total: dict[str, Any], part: Part) -> None:
    total["since"] = max(total["since"], write_instant(part.since))
    for name in ("schedules", "slots", "accounted", "undecided"):
        total[name] += getattr(part, name)
    total["unaccounted"] += part.found
    total["first"] += [
        {"schedule": each.life.name, "slot_at": write_instant(each.problem.slot_at), "problem": each.problem.problem}
        for each in part.unaccounted[: LISTED - len(total["first"])]
    ]
