"""SQL of statistics as people see them: how runs have ended of late, and how late they began; and of their end."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from models.statistics.counts import ALL, EVER, FIVE_MINUTES, HOUR
from models.statistics.histogram import Histogram
from models.words.states import FINAL_STATES, State

DAY = 86400


@dataclass(frozen=True)
class Window:
    """How far to look back, and by which spans: so the first of them is in it only in part."""

    name: str
    seconds: int
    span_seconds: int


WINDOWS = (Window("1 h", HOUR, FIVE_MINUTES), Window("24 h", DAY, FIVE_MINUTES), Window("7 d", 7 * DAY, HOUR))
KEPT = timedelta(days=8)


@dataclass(frozen=True)
class Outcomes:
    """What the counts say of a window."""

    window: Window
    runs: Mapping[State, int]
    """By final state; each is there."""
    lateness: Histogram

    def quantiles(self, *shares: float) -> list[float | None]:
        """How late, in seconds, at most these shares of the runs began; None where none did."""
        return [self.lateness.quantile(share) for share in shares]


_LATELY = f"""
SELECT span_seconds, extract(epoch FROM now() - begins_at)::float, state, runs, lateness, lateness_seconds
FROM statistics
WHERE span_seconds = {{0.span_seconds}} AND actor = '{ALL}' AND queue = '{ALL}'
  AND begins_at > now() - make_interval(secs => {{0.seconds}} + {{0.span_seconds}})
"""
_READ = " UNION ALL ".join(_LATELY.format(window) for window in WINDOWS[1:])


def read_outcomes(connection: sa.Connection) -> list[Outcomes]:
    """The outcomes of each of `WINDOWS`. Reads a few rows for each five minutes of a day and each hour of a week,
    however many actors and runs there are."""
    rows = connection.exec_driver_sql(_READ).all()
    found: list[Outcomes] = []
    for window in WINDOWS:
        runs, lateness = dict.fromkeys(FINAL_STATES, 0), Histogram()
        for span, age, state, number, buckets, seconds in rows:
            if span == window.span_seconds and age < window.seconds + span:
                if state in runs:
                    runs[State(state)] += number
                if buckets:
                    lateness.merge(Histogram(buckets, seconds))
        found.append(Outcomes(window, runs, lateness))
    return found


_PRUNE = f"""
DELETE FROM statistics WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM statistics
    WHERE span_seconds > {EVER} AND actor <> '{ALL}' AND begins_at < now() - %(age)s LIMIT %(limit)s))
"""
_PRUNE_OF_ALL = f"""
DELETE FROM statistics
WHERE span_seconds > {EVER} AND actor = '{ALL}' AND queue = '{ALL}' AND begins_at < now() - %(age)s
"""
_PRUNE_TOLD = "DELETE FROM statistics_told WHERE told_at < now() - %(age)s"


def prune_statistics(connection: sa.Connection, limit: int) -> int:
    """Forget counts of spans of longer than eight days ago, of single actors `limit` rows at most; how many of those.
    What is counted of each actor since ever stays."""
    for few in (_PRUNE_OF_ALL, _PRUNE_TOLD):
        connection.exec_driver_sql(few, {"age": KEPT})
    return connection.exec_driver_sql(_PRUNE, {"age": KEPT, "limit": limit}).rowcount
