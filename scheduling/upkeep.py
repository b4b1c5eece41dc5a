"""Upkeep: what a scheduling process looks after once a second, beside its rounds of planning and publishing, however
far apart those are."""

import math
import os
import socket
import time
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
import structlog

from config.settings import Settings
from models.announcing import note_scheduling_gap, report_tick
from models.lifecycle.pruning import make_partitions
from models.lifecycle.publishing import mark_waiting_runs
from models.sql.clock import read_clock
from scheduling.declare import apply_declared_schedules
from scheduling.publish import Publisher, republish_vanished
from scheduling.rescue import rescue_runs, skip_overdue
from scheduling.steady import SteadyClock
from scheduling.vigil import Vigil

log = structlog.get_logger("scheduling")

GAP_SECONDS = 10.0
"""A time without any round that is longer than this is kept, to explain slots that were late."""

PARTITIONS_SECONDS = 86400.0

WAITING_SECONDS = 2.0
"""A run that is due for so long and not published is told what it waits for."""


class Upkeep:
    """Reports the process, makes partitions, rescues, publishes again what vanished, applies what code declares."""

    def __init__(
        self, engine: sa.Engine, publisher: Publisher, settings: Settings, id_: UUID, clock: SteadyClock
    ) -> None:
        self._engine = engine
        self._publisher = publisher
        self._settings = settings
        self._id = id_
        self._partitioned = -math.inf
        self._marked_since: datetime | None = None
        self._clock = clock
        self._vigil = Vigil(settings.worker.lease_seconds)

    def run(self, *, reports: bool = True) -> None:
        """All of it once, without the report if the rounds are stuck; nothing by a clock that has jumped.

        What fails is tried again a second later.
        """
        try:
            if not self._is_steady():
                return
            if reports:
                self._report()
            self._run(self._settings.scheduling.batch)
        except Exception:
            log.exception("upkeep")

    def _is_steady(self) -> bool:
        """Whether leases and ticks are as old as the database says."""
        asked = self._clock.read()
        with self._engine.begin() as connection:
            is_steady = self._clock.trusts(read_clock(connection), asked)
        if is_steady:
            self._vigil.note()
        else:
            self._vigil.begin_anew()
        return is_steady

    def _report(self) -> None:
        with self._engine.begin() as connection:
            if note_scheduling_gap(connection, GAP_SECONDS):
                log.warning("gap")
            report_tick(connection, {"id": self._id, "host": socket.gethostname(), "pid": os.getpid()})

    def _run(self, batch: int) -> None:
        self._make_partitions()
        while skip_overdue(self._engine, batch) >= batch:
            pass
        if self._vigil.is_long_enough():
            while rescue_runs(self._engine, batch) >= batch:
                pass
        republish_vanished(self._engine, self._publisher, self._settings.scheduling.rescue_after_seconds, batch)
        with self._engine.begin() as connection:
            since = mark_waiting_runs(connection, WAITING_SECONDS, batch, self._marked_since)
        self._marked_since = since
        with self._engine.begin() as connection:
            apply_declared_schedules(connection, self._settings.scheduling.forget_after_seconds)

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
