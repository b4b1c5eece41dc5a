"""Planners: a round of planning, by two at once while more is due than one decides at a time.

PostgreSQL and Python take turns in planning, so two get much further than one. Each has a transaction of its own, and
passes over the schedules that the other has locked.
"""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple
from uuid import uuid4

import sqlalchemy as sa

from models.lifecycle.planning import is_any_due
from models.statistics.adding import Statistics
from scheduling.plan import plan_due
from scheduling.planned import Planned
from scheduling.steady import SteadyClock

PLANNERS = 2


class Round(NamedTuple):
    """What a round of planning did; and what kept a part of it from being done, if anything did."""

    planned: Planned
    failure: Exception | None = None


class Planners:
    """Plans in the thread that asks, and where the last round was full beside it in another."""

    def __init__(
        self, engine: sa.Engine, autocommit: sa.Engine, clock: SteadyClock, statistics: Statistics | None = None
    ) -> None:
        self._engine = engine
        self._autocommit = autocommit
        self._clock = clock
        self._statistics = statistics or Statistics(uuid4())
        self._others = ThreadPoolExecutor(PLANNERS - 1, "planner")
        self._is_flooded = False

    def plan(self, limit: int, window: int, *, is_expected: bool = True) -> Round:
        """Decide up to `limit` schedules each; `window` is how many messages a queue may have then.

        What the one leases the other does not see, and leaves room for. Where nothing `is_expected` to be due, a look
        comes first, which costs a quarter.
        """
        if not is_expected and not self._is_flooded and (nothing := self._find_nothing()):
            return nothing
        others = PLANNERS - 1 if self._is_flooded else 0
        window -= min(others * limit, window * others // PLANNERS)
        futures = [self._others.submit(self._plan, limit, window) for _ in range(others)]
        rounds = [self._plan(limit, window), *(future.result() for future in futures)]
        planned = _joined([each.planned for each in rounds])
        self._is_flooded = planned.full
        return Round(planned, next((each.failure for each in rounds if each.failure is not None), None))

    def close(self) -> None:
        """No round follows."""
        self._others.shutdown()

    def _find_nothing(self) -> Round | None:
        """The round, where nothing is due; None where something is."""
        asked = self._clock.read()
        try:
            with self._autocommit.begin() as connection:
                is_any, now = is_any_due(connection)
        except Exception as error:  # noqa: BLE001 - as of a whole round
            return Round(Planned(), error)
        is_trusted = self._clock.trusts(now, asked)
        return None if is_any and is_trusted else Round(Planned(now=now))

    def _plan(self, limit: int, window: int) -> Round:
        asked = self._clock.read()
        try:
            with self._engine.begin() as connection:
                planned = plan_due(connection, limit, window, lambda now: self._clock.trusts(now, asked))
            if planned.ended:
                self._statistics.count(planned.ended)
            planned.count_slots()
            return Round(planned)
        except Exception as error:  # noqa: BLE001 - told to whoever asked, with what others have done meanwhile
            return Round(Planned(), error)


def _joined(parts: Sequence[Planned]) -> Planned:
    if len(parts) == 1:
        return parts[0]
    return Planned(
        schedules=sum(part.schedules for part in parts),
        runs=sum(part.runs for part in parts),
        skips=sum(part.skips for part in parts),
        quarantined=sum(part.quarantined for part in parts),
        locked=sum(part.locked for part in parts),
        full=any(part.full for part in parts),
        leased=tuple(run for part in parts for run in part.leased),
        ended=tuple(each for part in parts for each in part.ended),
        skipped=sum((Counter(part.skipped) for part in parts), Counter()),
        now=min((part.now for part in parts if part.now is not None), default=None),
    )
