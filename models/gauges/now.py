"""SQL of how things stand: backlog, scheduling, workers, the log of events, the last verify."""

from typing import NamedTuple

import sqlalchemy as sa

from models.sql.liveness import LIVE, LIVE_SECONDS
from models.sql.spelling import quoted
from models.verifying.results import VERIFY
from models.words.states import PUBLISHABLE_STATES

COUNTED = 10_000


class Now(NamedTuple):
    """How things stand. What nobody knows is None."""

    planned_backlog: int
    round_age_seconds: float | None
    schedulers: int
    workers: int
    threads_busy: int
    threads_idle: int
    threads_stuck: int
    events_pending: int
    events_dropped: int
    slots_unaccounted: int | None
    verify_age_seconds: float | None


# A worker says how many runs are under way, those among them that do not come back from an interrupt.
_READ = f"""
SELECT
    (SELECT count(*) FROM (SELECT FROM runs
        WHERE state IN ({quoted(PUBLISHABLE_STATES)}) AND due_at <= now() LIMIT {COUNTED}) few) AS planned_backlog,
    s.age AS round_age_seconds, s.live AS schedulers,
    w.workers, w.busy AS threads_busy, w.idle AS threads_idle, w.stuck AS threads_stuck,
    coalesce(e.numbered - e.sent, 0)
        + (SELECT count(*) FROM (SELECT FROM events WHERE position IS NULL LIMIT {COUNTED}) few) AS events_pending,
    coalesce(e.dropped, 0) AS events_dropped,
    (v.result->>'unaccounted')::bigint AS slots_unaccounted,
    extract(epoch FROM now() - v.at)::float AS verify_age_seconds
FROM (SELECT extract(epoch FROM clock_timestamp() - max(ticked_at))::float AS age,
        count(*) FILTER (WHERE ticked_at > now() - make_interval(secs => {LIVE_SECONDS})) AS live FROM schedulers) s
CROSS JOIN (SELECT count(*) AS workers,
        coalesce(sum(least(threads, greatest(running, stuck_threads)) - stuck_threads), 0) AS busy,
        coalesce(sum(threads - least(threads, greatest(running, stuck_threads))), 0) AS idle,
        coalesce(sum(stuck_threads), 0) AS stuck FROM workers w WHERE {LIVE}) w
LEFT JOIN event_relay e ON true
LEFT JOIN housekeeping v ON v.name = '{VERIFY}'
"""


def read_now(connection: sa.Connection) -> Now:
    """How things stand now."""
    return Now(**connection.exec_driver_sql(_READ).one()._mapping)
