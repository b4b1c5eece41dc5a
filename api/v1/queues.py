"""Queues: list, pause, resume."""

from pydantic import BaseModel, Field

from api.shapes.schedule_body import Nothing
from api.web.fields import Moment, Page, Request, Text, page_of
from api.web.routes import Answer, Call, Route
from models import queues
from models.queues import COUNTED
from models.words.roles import Role
from scheduling.commands import queues as commands


class QueueJson(BaseModel):
    """A queue: its pause, and the runs that are on their way through it."""

    name: str
    paused: bool
    paused_at: Moment | None
    pause_reason: str | None
    paused_by: str | None
    planned: int = Field(description=f"Runs that are due and wait, of the first {COUNTED:,} waiting ones.")
    queued: int = Field(description=f"Runs whose messages are in the broker, of {COUNTED:,} at most.")
    running: int


class QueuePage(BaseModel):
    """Queues by name."""

    items: list[QueueJson]
    next: str | None


class QueueQuery(Page):
    """Which part of the queues."""

    cursor: Text | None = None


class QueuePauseBody(Request):
    """Why."""

    reason: str | None = Field(default=None, max_length=1000)


def list_queues(call: Call, query: QueueQuery) -> Answer:
    """List the queues of announced actors, of live runs and of pauses."""
    with call.engine.connect() as connection:
        rows = queues.list_queues(connection, query.limit + 1, query.cursor)
    items, cursor = page_of(rows, query.limit, lambda row: QueueJson(**row._mapping), lambda last: last.name)
    return Answer(QueuePage(items=items, next=cursor))


def pause_queue(call: Call, body: QueuePauseBody) -> Answer:
    """Pause a queue: nothing more of it starts until it is resumed. On a paused one: change the reason.

    What runs goes on. What has been published already waits too. A queue that nothing uses yet may be paused too.
    """
    name = call.params["name"]
    with call.engine.begin() as connection:
        commands.pause(connection, name, reason=body.reason, by=call.by)
        return Answer(QueueJson(**queues.get_queue(connection, name)._mapping))


def resume_queue(call: Call, body: Nothing) -> Answer:
    """Resume a queue: what waited is published, also again, by priority and due time."""
    name = call.params["name"]
    with call.engine.begin() as connection:
        commands.resume(connection, name, call.by)
        return Answer(QueueJson(**queues.get_queue(connection, name)._mapping))


ROUTES = (
    Route("GET", "/v1/queues", list_queues, Role.VIEWER, {200: QueuePage}),
    Route("POST", "/v1/queues/{name}/pause", pause_queue, Role.OPERATOR, {200: QueueJson}),
    Route("POST", "/v1/queues/{name}/resume", resume_queue, Role.OPERATOR, {200: QueueJson}),
)
