"""Whether the service can do its work, read once for all who ask meanwhile: for machines and for people."""

from dataclasses import dataclass
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from pydantic import BaseModel

from api.shapes.troubles import Trouble, troubles
from api.web.shared import Shared
from migrations import LACKING, is_behind
from models.processes import read_health, read_revision

STALE_TICK_SECONDS = 30
OVERDUE_SECONDS = 30
"""A schedule that is due for so long should have been planned, be it as a skip."""

DATABASE_SECONDS = 2
"""A database that takes longer than this to answer counts as down."""

_readings: WeakKeyDictionary[sa.Engine, Shared["Facts | None"]] = WeakKeyDictionary()


class Facts(BaseModel):
    """What was read."""

    database: bool = False
    migrations: bool = False
    last_tick_age_seconds: float | None = None
    oldest_due_run_seconds: float | None = None
    oldest_due_schedule_seconds: float | None = None
    plans: bool = False
    workers: int | None = None
    broker: bool | None = None
    read_only: bool = False
    troubles: list[Trouble] = []


@dataclass(frozen=True)
class Readiness:
    """The facts, and why the service can't do its work, if it can't."""

    facts: Facts
    outages: list[str]

    @property
    def is_ticking(self) -> bool:
        """Whether some scheduling process does its rounds."""
        age = self.facts.last_tick_age_seconds
        return age is not None and age <= STALE_TICK_SECONDS


def read_readiness(engine: sa.Engine) -> Readiness:
    """How the service stands."""
    shared = _readings.setdefault(engine, Shared("ready"))
    facts = shared.ask(lambda: _read_facts(engine), DATABASE_SECONDS)
    if facts is None:
        return Readiness(Facts(), ["the database does not answer"])
    return Readiness(facts, _outages(facts))


def _outages(facts: Facts) -> list[str]:
    if not facts.migrations:
        return [LACKING]
    if facts.read_only:
        return ["the database is read-only: it is a standby, or default_transaction_read_only is on"]
    if facts.last_tick_age_seconds is None:
        return ["no scheduling process has ever run"]
    if facts.last_tick_age_seconds > STALE_TICK_SECONDS:
        return [f"no scheduling process has done its round for {facts.last_tick_age_seconds:.0f} seconds"]
    if (overdue := facts.oldest_due_schedule_seconds or 0) > OVERDUE_SECONDS and not facts.plans:
        return [f"a schedule has been due for {overdue:.0f} seconds, and nobody has planned it"]
    return []


def _read_facts(engine: sa.Engine) -> Facts | None:
    try:
        facts = _ask(engine)
    except (sa.exc.DBAPIError, sa.exc.TimeoutError):
        return None
    if facts.read_only:
        engine.dispose()  # of sessions that only read nobody hears that another could write
    return facts


def _ask(engine: sa.Engine) -> Facts:
    with engine.connect() as connection:
        if is_behind(read_revision(connection)):
            return Facts(database=True)
        health = read_health(connection)._mapping
        return Facts(database=True, migrations=True, troubles=troubles(connection), **health)
