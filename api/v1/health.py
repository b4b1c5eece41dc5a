"""Health: whether this process lives, and whether the service can do its work."""

from typing import Literal
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from pydantic import BaseModel, Field

from api.shapes.troubles import Trouble, troubles
from api.web.routes import Answer, Call, Route
from api.web.shared import Shared
from migrations import LACKING, is_behind
from models.processes import read_health, read_revision

STALE_TICK_SECONDS = 30
OVERDUE_SECONDS = 30
"""A schedule that is due for so long should have been planned, be it as a skip."""

DATABASE_SECONDS = 2
"""A database that takes longer than this to answer counts as down."""


_readings: WeakKeyDictionary[sa.Engine, Shared["_Facts | None"]] = WeakKeyDictionary()


class LiveJson(BaseModel):
    """The process answers."""

    status: Literal["ok"] = "ok"


class ReadyJson(BaseModel):
    """What the service needs, and how it stands."""

    status: Literal["ok", "degraded", "unavailable"] = Field(
        description="Whether the service does its work; degraded: it does, and somebody must see to the problems."
    )
    database: bool
    migrations: bool = Field(description="Whether the database has all migrations of this process.")
    last_tick_age_seconds: float | None = Field(description="Since a scheduling process last did its round.")
    oldest_due_run_seconds: float | None = Field(description="For how long the oldest run that waits has been due.")
    oldest_due_schedule_seconds: float | None = Field(
        description="For how long the oldest schedule that is not planned yet has been due."
    )
    workers: int | None = Field(description="Seen within the last minute.")
    problems: list[str] = Field(description="What somebody must see to, in words.")


class _Facts(BaseModel):
    database: bool = False
    migrations: bool = False
    last_tick_age_seconds: float | None = None
    oldest_due_run_seconds: float | None = None
    oldest_due_schedule_seconds: float | None = None
    plans: bool = False
    workers: int | None = None
    read_only: bool = False
    troubles: list[Trouble] = []


def get_liveness(_call: Call) -> Answer:
    """Say that the process answers."""
    return Answer(LiveJson())


def get_readiness(call: Call) -> Answer:
    """Say whether database, migrations and scheduling are as they must be, and what somebody must see to.

    Whoever has a token is told names.
    """
    shared = _readings.setdefault(call.engine, Shared("ready"))
    facts = shared.ask(lambda: _read_facts(call.engine), DATABASE_SECONDS)
    outages = ["the database does not answer"] if facts is None else list(_outages(facts))
    facts = facts or _Facts()
    is_named = bool(facts.troubles) and call.is_somebody()  # the database has just answered
    said = [trouble.named if is_named else trouble.anonymous for trouble in facts.troubles]
    content = ReadyJson(
        status="unavailable" if outages else "degraded" if said else "ok",
        database=facts.database,
        problems=outages + said,
        **facts.model_dump(exclude={"read_only", "plans", "troubles", "database"}),
    )
    return Answer(content, 503 if outages else 200)


ROUTES = (
    Route("GET", "/health/live", get_liveness, None, {200: LiveJson}),
    Route("GET", "/health/ready", get_readiness, None, {200: ReadyJson, 503: ReadyJson}),
)


def _outages(facts: _Facts) -> list[str]:
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


def _read_facts(engine: sa.Engine) -> _Facts | None:
    try:
        facts = _ask(engine)
    except (sa.exc.DBAPIError, sa.exc.TimeoutError):
        return None
    if facts.read_only:
        engine.dispose()  # of sessions that only read nobody hears that another could write
    return facts


def _ask(engine: sa.Engine) -> _Facts:
    with engine.connect() as connection:
        if is_behind(read_revision(connection)):
            return _Facts(database=True)
        health = read_health(connection)._mapping
        return _Facts(database=True, migrations=True, troubles=troubles(connection), **health)
