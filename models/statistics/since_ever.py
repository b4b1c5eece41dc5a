"""SQL of statistics since ever, as metrics show them: they never fall, whatever is pruned."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from models.statistics.counts import ALL, EVER
from models.statistics.histogram import Histogram
from models.words.states import FINAL_STATES

LOOKED_AT = 20_000


@dataclass
class SinceEver:
    """How runs and attempts have ended, how long they took and how late they began."""

    runs: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """By actor, queue and final state."""
    attempts: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By actor and outcome."""
    duration: dict[str, Histogram] = field(default_factory=lambda: defaultdict(Histogram))
    """Of attempts, by actor."""
    lateness: dict[str, Histogram] = field(default_factory=lambda: defaultdict(Histogram))
    """Of runs, by queue."""

    def add(self, row: sa.Row[Any]) -> None:
        """There is this row, too."""
        if row.state in FINAL_STATES:
            self.runs[row.actor, row.queue, row.state] += row.runs
        if row.outcome != ALL:
            self.attempts[row.actor, row.outcome] += row.runs
        if row.duration:
            self.duration[row.actor].merge(Histogram(row.duration, row.duration_seconds))
        if row.lateness:
            self.lateness[row.queue].merge(Histogram(row.lateness, row.lateness_seconds))


_READ = f"""
SELECT actor, queue, state, outcome, runs, lateness, lateness_seconds, duration, duration_seconds
FROM statistics WHERE span_seconds = {EVER} ORDER BY actor, queue LIMIT {LOOKED_AT}
"""


def read_since_ever(connection: sa.Connection) -> SinceEver:
    """What was counted of each actor and queue since there are statistics: some rows for each, however many runs there
    were."""
    found = SinceEver()
    for row in connection.exec_driver_sql(_READ):
        found.add(row)
    return found
