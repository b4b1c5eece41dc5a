"""One round of scheduling: plan, publish, rescue, and say how long to wait."""

import os
import socket
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import sqlalchemy as sa

from config.settings import Settings
from models.announcing import forget_scheduler, report_tick
from models.publishing import seconds_until_next_due
from scheduling.plan import plan_due
from scheduling.publish import Publisher, publish_due, republish_vanished
from scheduling.rescue import rescue_runs

SHORTEST_WAIT_SECONDS = 0.005
"""What is overdue after a round is in another planner's hands: no reason to spin."""


@dataclass(frozen=True)
class Ticker:
    """A scheduling process: what its rounds need."""

    engine: sa.Engine
    publisher: Publisher
    settings: Settings
    id: UUID = field(default_factory=uuid4)

    def tick(self) -> float:
        """Do one round; returns the seconds until the next one is due, 0 when there is more to do at once."""
        batch = self.settings.scheduling.batch
        with self.engine.begin() as connection:
            planned = plan_due(connection, batch)
        more = publish_due(self.engine, self.publisher, batch, self.settings.amqp.window)
        rescued = rescue_runs(self.engine, self.settings.worker.lease_seconds, batch)
        republish_vanished(self.engine, self.publisher, self.settings.scheduling.rescue_after_seconds, batch)
        with self.engine.begin() as connection:
            report_tick(connection, {"id": self.id, "host": socket.gethostname(), "pid": os.getpid()})
            upcoming = seconds_until_next_due(connection)
        if planned.full or more or rescued == batch:
            return 0
        poll = self.settings.scheduling.poll_seconds
        return poll if upcoming is None else min(max(upcoming, SHORTEST_WAIT_SECONDS), poll)

    def sign_off(self) -> None:
        """Say that this process has stopped on purpose."""
        with suppress(sa.exc.DBAPIError), self.engine.begin() as connection:
            forget_scheduler(connection, self.id)
