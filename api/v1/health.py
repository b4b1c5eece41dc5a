"""Health: whether this process lives, and whether the service can do its work."""

from typing import Literal

from pydantic import BaseModel, Field

from api.shapes.readiness import read_readiness
from api.web.routes import Answer, Call, Route


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
    broker: bool | None = Field(
        description="Whether a scheduling process can publish; null where none has lately said so."
    )
    problems: list[str] = Field(description="What somebody must see to, in words.")


def get_liveness(_call: Call) -> Answer:
    """Say that the process answers."""
    return Answer(LiveJson())


def get_readiness(call: Call) -> Answer:
    """Say whether database, migrations and scheduling are as they must be, and what somebody must see to.

    Whoever has a token is told names.
    """
    readiness = read_readiness(call.engine)
    facts, outages = readiness.facts, readiness.outages
    is_named = bool(facts.troubles) and call.is_somebody()  # the database has just answered
    said = [trouble.named if is_named else trouble.anonymous for trouble in facts.troubles]
    content = ReadyJson(
        status="unavailable" if outages else "degraded" if said else "ok",
        problems=outages + said,
        **facts.model_dump(exclude={"read_only", "plans", "troubles"}),
    )
    return Answer(content, 503 if outages else 200)


ROUTES = (
    Route("GET", "/health/live", get_liveness, None, {200: LiveJson}),
    Route("GET", "/health/ready", get_readiness, None, {200: ReadyJson, 503: ReadyJson}),
)
