"""One round of scheduling: plan, publish, rescue, and say how long to wait."""

import math
import os
import socket
import time
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import sqlalchemy as sa
import structlog

from config.settings import Settings
from models.announcing import note_scheduling_gap, report_tick
from models.pruning import make_partitions
from models.publishing import mark_waiting_runs, seconds_until_next_due
from scheduling.code import apply_declared_schedules
from scheduling.plan import plan_due
from scheduling.publish import Publisher, publish_due, republish_vanished
from scheduling.rescue import rescue_runs

log = structlog.get_logger("scheduling")

SHORTEST_WAIT_SECONDS = 0.005
"""What is overdue after a round is in another planner's hands: no reason to spin."""

FIRST_BATCH = 100
"""Schedules planned in a first go: what is due first is on its way before the last is decided. While there are more,
each go takes twice as many."""

REFILL_SECONDS = 0.05
"""After a round that published, the next one follows so soon: the window may have room again for what waits."""

SLOW_SECONDS = 1.0
"""How often a process looks for what went wrong; planning and publishing happen in every round."""

GAP_SECONDS = 10.0
"""A time without any round that is longer than this is kept, to explain slots that were late."""

PARTITIONS_SECONDS = 86400.0

WAITING_SECONDS = 2.0
"""A run that is due for so long and not published is told what it waits for."""


@dataclass
class Ticker:
    """A scheduling process: what its rounds need."""

    engine: sa.Engine
    publisher: Publisher
    settings: Settings
    id: UUID = field(default_factory=uuid4)
    _planned_at_once: int = FIRST_BATCH
    _looked: float = -math.inf
    _partitioned: float = -math.inf

    def tick(self) -> float:
        """Do one round; returns the seconds until the next one is due, 0 when there is more to do at once."""
        batch = self.settings.scheduling.batch
        with self.engine.begin() as connection:
            planned = plan_due(connection, min(self._planned_at_once, batch))
        self._planned_at_once = min(self._planned_at_once * 2, batch) if planned.full else FIRST_BATCH
        published = publish_due(self.engine, self.publisher, batch, self.settings.amqp.window)
        more = published == batch
        if time.monotonic() - self._looked >= SLOW_SECONDS:
            more = self._look_after(batch) or more
            self._looked = time.monotonic()
        if planned.full or more:
            return 0
        with self.engine.begin() as connection:
            upcoming = seconds_until_next_due(connection)
        longest = min(self.settings.scheduling.poll_seconds, REFILL_SECONDS if published else math.inf)
        return longest if upcoming is None else min(max(upcoming, SHORTEST_WAIT_SECONDS), longest)

    def _look_after(self, batch: int) -> bool:
        """Rescue, publish again what vanished, report; whether there may be more to rescue."""
        with self.engine.begin() as connection:
            if note_scheduling_gap(connection, GAP_SECONDS):
                log.warning("gap")
            report_tick(connection, {"id": self.id, "host": socket.gethostname(), "pid": os.getpid()})
        self._make_partitions()
        rescued = rescue_runs(self.engine, self.settings.worker.lease_seconds, batch)
        republish_vanished(self.engine, self.publisher, self.settings.scheduling.rescue_after_seconds, batch)
        with self.engine.begin() as connection:
            mark_waiting_runs(connection, WAITING_SECONDS, batch)
        with self.engine.begin() as connection:
            apply_declared_schedules(connection, self.settings.scheduling.forget_after_seconds)
        return rescued >= batch

    def _make_partitions(self) -> None:
        """Once a day, and at the start: after a long time off the months ahead are missing."""
        if time.monotonic() - self._partitioned < PARTITIONS_SECONDS:
            return
        self._partitioned = time.monotonic()
        try:
            with self.engine.begin() as connection:
                make_partitions(connection)
        except sa.exc.OperationalError as error:
            log.warning("partitions", error=str(error.orig).strip())
