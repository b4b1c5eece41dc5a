"""Actors and workers, as they reported."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from api.shapes.schedule_body import Nothing
from api.web.fields import ById, ByName, Moment, page_of
from api.web.routes import Answer, Call, Route
from models import processes
from models.words.roles import Role
from scheduling.commands import queues as commands


class ActorJson(BaseModel):
    """An actor that some worker has announced."""

    name: str
    queue: str
    doc: str
    parameters: dict[str, Any] = Field(description="The JSON Schema of its keyword arguments.")
    options: dict[str, Any]
    declaration_error: str | None = Field(description="Why the schedule that it declares is not in force as declared.")
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
    release: str | None = Field(description="What its deploy is called.")
    started_at: Moment
    last_seen_at: Moment
    running: int
    drain_requested_at: Moment | None = Field(description="Since when it takes no more runs.")
    drained_at: Moment | None = Field(description="When it had ended the last one.")
    stuck_threads: int = Field(description="How many threads do not come back from an interrupt of their run.")
    live: bool = Field(description="Whether it was seen within the last minute.")


class WorkerPage(BaseModel):
    """Workers by id."""

    items: list[WorkerJson]
    next: UUID | None


class WorkerList(BaseModel):
    """Workers by id."""

    items: list[WorkerJson]


class SecretJson(BaseModel):
    """A secret that some live worker has: its name, never its value."""

    name: str
    workers: int = Field(description="How many live workers have it.")
    allow: list[str] | None = Field(
        description="Where it may be used, as the setting `secrets.allow` has it; null: by every actor."
    )


class SecretList(BaseModel):
    """Secrets by name."""

    items: list[SecretJson]


def list_actors(call: Call, query: ByName) -> Answer:
    """List the actors that workers have announced, with the schemas of their arguments."""
    with call.engine.connect() as connection:
        rows = processes.list_actors(connection, query.limit + 1, query.cursor)
    items, cursor = page_of(rows, query.limit, lambda row: ActorJson(**row._mapping), lambda last: last.name)
    return Answer(ActorPage(items=items, next=cursor))


def list_workers(call: Call, query: ById) -> Answer:
    """List the workers seen within the last day."""
    with call.engine.connect() as connection:
        rows = processes.list_workers(connection, query.limit + 1, query.cursor)
    items, cursor = page_of(rows, query.limit, lambda row: WorkerJson(**row._mapping), lambda last: last.id)
    return Answer(WorkerPage(items=items, next=cursor))


def drain_worker(call: Call, body: Nothing) -> Answer:
    """Have a worker, with the other processes of its master, take no more runs, and exit once it has none.

    It hears of that within ten seconds, and then waits for what runs without end.
    """
    with call.engine.begin() as connection:
        rows = commands.drain_worker(connection, call.params["id"], call.by)
    return Answer(WorkerList(items=[WorkerJson(**row._mapping) for row in rows]), 202)


def list_secrets(call: Call) -> Answer:
    """List the names of the secrets that arguments may refer to, and where each may be used."""
    with call.engine.connect() as connection:
        found = processes.list_secrets(connection)
    return Answer(SecretList(items=[SecretJson(**secret._asdict()) for secret in found]))


ROUTES = (
    Route("GET", "/v1/secrets", list_secrets, Role.VIEWER, {200: SecretList}),
    Route("GET", "/v1/actors", list_actors, Role.VIEWER, {200: ActorPage}, heeds_scope=True),
    Route("GET", "/v1/workers", list_workers, Role.VIEWER, {200: WorkerPage}),
    Route("POST", "/v1/workers/{id:uuid}/drain", drain_worker, Role.OPERATOR, {202: WorkerList}),
)
