"""Upkeep: what a scheduling process looks after once a second, beside its rounds of planning and publishing, however
far apart those are."""

import math
import os
import socket
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
import structlog

from config.settings import Settings
from models.announcing import note_scheduling_gap, report_tick
from models.counters.telling import tell_counters
from models.events.telling import tell_gap
from models.lifecycle.backlogs import find_backlogs, hold_back, let_go
from models.lifecycle.ended import EndedRun, tally_outcomes
from models.lifecycle.pruning import make_partitions
from models.lifecycle.publishing import mark_waiting_runs, resolve_queues
from models.sql.clock import read_clock
from models.statistics.adding import Statistics, add_noted
from scheduling.commands.queues import end_hold
from scheduling.declare import apply_declared_schedules
from scheduling.fold import Folding
from scheduling.publish import Publishing
from scheduling.rescue import rescue_runs, skip_overdue
from scheduling.steady import SteadyClock
from scheduling.vigil import Vigil

log = structlog.get_logger("scheduling")

GAP_SECONDS = 10.0
"""A time without any round that is longer than this is kept, to explain slots that were late."""

PARTITIONS_SECONDS = 86400.0

MARK_ALL_SECONDS = 60.0
RESOLVE_SECONDS = 5.0
BACKLOG_SECONDS = 5.0
STATISTICS_SECONDS = 5.0

WAITING_SECONDS = 2.0
"""A run that is due for so long and not published is told what it waits for."""


class Upkeep:
    """Reports the process, makes partitions, rescues, publishes again what vanished, applies what code declares."""

    def __init__(
        self,
        engine: sa.Engine,
        publishing: Publishing,
        settings: Settings,
        id_: UUID,
        clock: SteadyClock,
        statistics: Statistics | None = None,
    ) -> None:
        self._engine = engine
        self._publishing = publishing
        self._settings = settings
        self._id = id_
        self._partitioned = -math.inf
        self._batch = settings.scheduling.batch
        self._marked_since: datetime | None = None
        self._marked_all = -math.inf
        self._resolved = -math.inf
        self._held_back = -math.inf
        self._clock = clock
        self._vigil = Vigil(settings.worker.lease_seconds)
        self._untallied: list[EndedRun] = []
        self._folding = Folding(engine)
        self._statistics = statistics or Statistics(id_)
        self._told = -math.inf

    def run(self, *, reports: bool = True) -> None:
        """All of it once, without the report if the rounds are stuck; nothing by a clock that has jumped.

        What fails is tried again a second later, and keeps nothing else from being done.
        """
        try:
            is_steady = self._is_steady()
        except Exception:
            log.exception("upkeep")
            return
        if not is_steady:
            self._vigil.begin_anew()
            return
        for duty in (self._report, *self._duties) if reports else self._duties:
            try:
                duty()
            except Exception:
                log.exception("upkeep", duty=duty.__name__.strip("_"))

    def _is_steady(self) -> bool:
        """Whether leases and ticks are as old as the database says."""
        asked = self._clock.read()
        with self._engine.begin() as connection:
            return self._clock.trusts(read_clock(connection), asked)

    @property
    def _duties(self) -> tuple[Callable[[], None], ...]:
        return (
            self._publishing.note_confirmed,
            self._make_partitions,
            self._skip,
            self._rescue,
            self._tally,
            self._end_hold,
            self._resolve,
            self._hold_back,
            self._mark,
            self._declare,
            self._folding.fold,
            self._tell_statistics,
            self._republish,  # last, as it may wait for the broker
        )

    def _report(self) -> None:
        with self._engine.begin() as connection:
            if note_scheduling_gap(connection, GAP_SECONDS):
                tell_gap(connection)
                log.warning("gap")
            report_tick(connection, self._described())

    def _described(self) -> dict[str, Any]:
        reaches_broker = self._publishing.is_ready()
        return {"id": self._id, "host": socket.gethostname(), "pid": os.getpid(), "reaches_broker": reaches_broker}

    def _skip(self) -> None:
        while skip_overdue(self._engine, self._batch, self._statistics) >= self._batch:
            pass
        self._vigil.note()

    def _rescue(self) -> None:
        while self._vigil.is_long_enough():
            rescued = rescue_runs(self._engine, self._batch, self._statistics)
            self._untallied += rescued.untallied
            if rescued.attempts < self._batch:
                return

    def _tally(self) -> None:
        """What could not be counted with its end, as its schedule was locked."""
        if self._untallied:
            with self._engine.begin() as connection:
                self._untallied = tally_outcomes(connection, self._untallied)

    def _republish(self) -> None:
        after_seconds = self._settings.scheduling.rescue_after_seconds
        self._publishing.republish_vanished(after_seconds, self._batch)

    def _end_hold(self) -> None:
        with self._engine.begin() as connection:
            if end_hold(connection):
                log.info("release")

    def _resolve(self) -> None:
        """Runs whose actor has become known go to its queue."""
        now = time.monotonic()
        if now - self._resolved >= RESOLVE_SECONDS:
            with self._engine.begin() as connection:
                runs = resolve_queues(connection, self._batch)
            if runs < self._batch:
                self._resolved = now
            if runs:
                log.info("resolve", runs=runs)

    def _hold_back(self) -> None:
        """While too much waits, no more of it is planned."""
        now = time.monotonic()
        if now - self._held_back < BACKLOG_SECONDS:
            return
        self._held_back = now
        most = {
            "of_queue": self._settings.scheduling.queue_backlog,
            "of_schedule": self._settings.scheduling.schedule_backlog,
        }
        with self._engine.begin() as connection:
            backlogs = find_backlogs(connection, **most)
            held = hold_back(connection, backlogs, **most) if backlogs.queues or backlogs.schedules else 0
            freed = let_go(connection, backlogs)
        if held or freed:
            log.warning("backlog", held_back=held, let_go=freed, queues=list(backlogs.queues))

    def _mark(self) -> None:
        """Once in a while those too that were planned long after they were due, or somebody had locked."""
        now = time.monotonic()
        if now - self._marked_all >= MARK_ALL_SECONDS:
            self._marked_since, self._marked_all = None, now
        with self._engine.begin() as connection:
            self._marked_since = mark_waiting_runs(connection, WAITING_SECONDS, self._batch, self._marked_since)

    def _declare(self) -> None:
        with self._engine.begin() as connection:
            apply_declared_schedules(connection, self._settings.scheduling.forget_after_seconds)

    def _tell_statistics(self) -> None:
        """What this process has counted, and what commands have noted anywhere."""
        if time.monotonic() - self._told >= STATISTICS_SECONDS:
            self._told = time.monotonic()
            self.tell_statistics()
            with self._engine.begin() as connection:
                add_noted(connection, self._batch)

    def tell_statistics(self) -> None:
        """What this process has counted. Raises sqlalchemy's errors."""
        for tell in (self._statistics.tell, tell_counters):
            with self._engine.begin() as connection:
                then = tell(connection)
            then()

    def _make_partitions(self) -> None:
        """Once a day, and at the start: after a long time off the months ahead are missing."""
        if time.monotonic() - self._partitioned < PARTITIONS_SECONDS:
            return
        self._partitioned = time.monotonic()
        try:
            with self._engine.begin() as connection:
                make_partitions(connection)
        except sa.exc.OperationalError as error:
            log.warning("partitions", error=str(error.orig).strip())
