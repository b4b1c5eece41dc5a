"""One round of scheduling: plan, publish, and say how long to wait. What can wait is done beside it."""

import math
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from uuid import uuid4

import sqlalchemy as sa
import structlog

from config.database import single_statements
from config.settings import Settings
from models.counters.counting import observe
from models.lifecycle.holds import PUBLISH_LEASE_SECONDS
from models.lifecycle.publishing import LeasedRun, find_next_due
from models.statistics.adding import Statistics
from scheduling.planned import Planned
from scheduling.planners import Planners, Round
from scheduling.publish import Publisher, Publishing
from scheduling.steady import SteadyClock
from scheduling.upkeep import GAP_SECONDS, Upkeep

log = structlog.get_logger("scheduling")

SHORTEST_WAIT_SECONDS = 0.005
"""A schedule that was due before a round and still is after it is in others' hands: no reason to spin. The wait doubles
while that is so."""

FIRST_BATCH = 50
"""Schedules planned in a first go: what is due first is on its way before the last is decided. While there are more,
each go takes twice as many."""

REFILL_SECONDS = 0.05
"""After a round that published, the next one follows so soon: the window may have room again for what waits."""

LOOK_SECONDS = 0.25
"""How often to look for what else is due while planning leases nearly all that is."""

UPKEEP_SECONDS = 1.0

FRESH_SECONDS = PUBLISH_LEASE_SECONDS / 2
"""What planning has leased is published within this time, or left to whoever takes it when the lease has run out."""


class Ticker:
    """A scheduling process: its rounds, in one thread, and beside them another for what they need not wait for."""

    def __init__(self, engine: sa.Engine, publisher: Publisher, settings: Settings) -> None:
        self._autocommit = single_statements(engine, settings.database)
        self._publishing = Publishing(self._autocommit, publisher, settings.amqp.bundle)
        self._settings = settings
        self._batch_size = FIRST_BATCH
        self._clock = SteadyClock()
        self._patience = SHORTEST_WAIT_SECONDS
        self._looked = -math.inf
        self._statistics = Statistics(uuid4())
        self._planners = Planners(engine, self._autocommit, self._clock, self._statistics)
        self._due_at = -math.inf
        self._side = ThreadPoolExecutor(1, "beside")
        self._publication: Future[int] | None = None
        self._upkeep = Upkeep(engine, self._publishing, settings, uuid4(), self._clock, self._statistics)
        self._upkeep_clock = threading.Thread(target=self._keep_time, name="upkeep", daemon=True)
        self._round_began = math.inf
        self._closing = threading.Event()

    def tick(self) -> float:
        """Do one round; returns the seconds until the next one is due, 0 when there is more to do at once.

        What is planned is published beside the next round.
        """
        if self._upkeep_clock.ident is None:
            self._upkeep_clock.start()
        self._round_began = time.monotonic()
        try:
            return self._plan_and_publish(self._round_began)
        finally:
            observe("callsheet_round_duration_seconds", time.monotonic() - self._round_began)
            self._round_began = math.inf

    def _plan_and_publish(self, began: float) -> float:
        """How long to wait then."""
        batch = self._settings.scheduling.batch
        planned, failure = self._plan(batch)
        if failure is not None:
            try:
                self._settle()
            finally:
                self._publish(planned.leased, began)  # what has been planned must not wait for what can't be
            raise failure
        if self._clock.is_doubtful:
            self._settle()
            self._publishing.publish(planned.leased, began)  # by a clock that was believed then
            return min(self._settings.scheduling.poll_seconds, UPKEEP_SECONDS)
        published = len(planned.leased)
        try:
            published += self._settle()
        finally:  # what this round has leased goes, whatever became of the last one's
            if planned.leased or planned.full:
                pause = LOOK_SECONDS if planned.full and len(planned.leased) == planned.runs else 0
                self._publication = self._side.submit(self._publish, planned.leased, began, pause)
            else:
                published += self._publish((), began)
        if planned.full or published >= batch:
            return 0
        longest = min(self._settings.scheduling.poll_seconds, REFILL_SECONDS if published else math.inf)
        return min(self._until_next(planned), longest)

    def _plan(self, batch: int) -> Round:
        is_expected = time.monotonic() >= self._due_at
        round_ = self._planners.plan(min(self._batch_size, batch), self._window(), is_expected=is_expected)
        self._batch_size = min(self._batch_size * 2, batch) if round_.planned.full else FIRST_BATCH
        return round_

    def close(self) -> None:
        """Wait for what is done beside the rounds, of which none follows."""
        self._closing.set()
        if self._upkeep_clock.ident is not None:
            self._upkeep_clock.join()
        self._planners.close()
        self._side.shutdown()
        try:
            self._settle()
        except Exception:
            log.exception("publish")
        with suppress(sa.exc.SQLAlchemyError):  # what is not noted is sent again, and claimed but once
            self._publishing.note_confirmed(0)
        with suppress(sa.exc.SQLAlchemyError):
            self._upkeep.tell_statistics()

    def _until_next(self, planned: Planned) -> float:
        """Seconds until something is due, 0 if it has become so since it was planned."""
        with self._autocommit.begin() as connection:
            upcoming = find_next_due(connection, planned.now)
        if planned.has_decided or not upcoming.is_overdue:
            self._patience = SHORTEST_WAIT_SECONDS
        seconds = math.inf if upcoming.seconds is None else max(upcoming.seconds, 0)
        if upcoming.is_overdue:
            seconds = min(seconds, self._patience)
            self._patience = min(self._patience * 2, self._settings.scheduling.poll_seconds)
        self._due_at = time.monotonic() + seconds
        return seconds

    def _window(self) -> int:
        """How many messages a queue may have that planning adds to: none while they can't be published."""
        return self._settings.amqp.window if self._publishing.is_ready() else 0

    def _publish(self, leased: Sequence[LeasedRun], since: float, pause: float = 0) -> int:
        """Publish what planning has leased `since` then, unless that is long ago; how many.

        Then what else is due, unless somebody looked for that within a `pause`, or the clock has jumped.
        """
        batch, window = self._settings.scheduling.batch, self._settings.amqp.window
        published = self._publishing.publish(leased if time.monotonic() - since < FRESH_SECONDS else (), since)
        if time.monotonic() - self._looked < pause or self._clock.is_doubtful:
            return published
        self._looked = time.monotonic()
        return published + self._publishing.publish_due(batch, window)

    def _settle(self) -> int:
        """Wait for the publishing beside this round; how many it has published. Raises what it has raised."""
        publication, self._publication = self._publication, None
        return 0 if publication is None else publication.result()

    def _keep_time(self) -> None:
        """Have upkeep done once a second, however far apart the rounds are. A round that has hung for long is no sign
        of life."""
        while True:
            hangs = time.monotonic() - self._round_began > GAP_SECONDS
            self._upkeep.run(reports=not hangs)
            if self._closing.wait(UPKEEP_SECONDS):
                return
