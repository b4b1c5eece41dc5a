"""Actors and workers, as they reported."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from api.web.fields import Moment, Page, Text
from api.web.routes import Answer, Call
from models.processes import list_actors, list_workers


class ActorJson(BaseModel):
    """An actor that some worker has announced."""

    name: str
    queue: str
    doc: str
    parameters: dict[str, Any] = Field(description="The JSON Schema of its keyword arguments.")
    options: dict[str, Any]
    announced_by: UUID | None
    announced_at: Moment
    live: bool = Field(description="Whether a worker has announced it within the last minute.")


class ActorPage(BaseModel):
    """Actors by name."""

    items: list[ActorJson]
    next: str | None


class WorkerJson(BaseModel):
    """A worker process."""

    id: UUID
    host: str
    pid: int
    queues: list[str]
    threads: int
    version: str
    started_at: Moment
    last_seen_at: Moment
    running: int
    live: bool = Field(description="Whether it was seen within the last minute.")


class WorkerPage(BaseModel):
    """Workers by id."""

    items: list[WorkerJson]
    next: UUID | None


class ActorQuery(Page):
    """Which part of the actors."""

    cursor: Text | None = None


class WorkerQuery(Page):
    """Which part of the workers."""

    cursor: UUID | None = None


def actors(call: Call) -> Answer:
    """List the actors that workers have announced, with the schemas of their arguments."""
    query: ActorQuery = call.query
    with call.engine.connect() as connection:
        rows = list_actors(connection, query.limit + 1, query.cursor)
    page = [ActorJson(**row._mapping) for row in rows[: query.limit]]
    return Answer(ActorPage(items=page, next=page[-1].name if len(rows) > len(page) else None))


def workers(call: Call) -> Answer:
    """List the workers seen within the last day."""
    query: WorkerQuery = call.query
    with call.engine.connect() as connection:
        rows = list_workers(connection, query.limit + 1, query.cursor)
    page = [WorkerJson(**row._mapping) for row in rows[: query.limit]]
    return Answer(WorkerPage(items=page, next=page[-1].id if len(rows) > len(page) else None))
