"""Queues: list, pause, resume."""

from typing import Any

import sqlalchemy as sa
from pydantic import BaseModel, Field

from api.shapes.queue_body import QueuePauseBody
from api.shapes.schedule_body import Nothing
from api.web.fields import ByName, Moment, page_of
from api.web.routes import Answer, Call, Route
from models import queues
from models.queues import COUNTED
from models.words.roles import Role
from models.words.states import Hindrance
from scheduling.commands import queues as commands
from scheduling.explanations.of_queue import say_why


class QueueJson(BaseModel):
    """A queue: its pause, and the runs that are on their way through it."""

    name: str
    paused: bool
    paused_at: Moment | None
    pause_reason: str | None
    paused_by: str | None
    planned: int = Field(description=f"Runs that are due and wait, counted up to {COUNTED:,}.")
    queued: int = Field(description=f"Runs whose messages are in the broker, counted up to {COUNTED:,}.")
    running: int
    threads: int = Field(description="Of the live workers that take its runs.")
    oldest_waiting_seconds: float | None = Field(
        description="How long the run has been due that has waited for longest; null where none waits."
    )
    waiting_for: Hindrance | None = Field(
        description="What the first of the planned runs waits for, or, without one, the first of the queued ones; null"
        " where nothing is in its way."
    )
    because: str | None = Field(description="The same in English, for people.")


class QueuePage(BaseModel):
    """Queues by name."""

    items: list[QueueJson]
    next: str | None


def list_queues(call: Call, query: ByName) -> Answer:
    """List the queues of announced actors, of live runs and of pauses, and why what waits in each does."""
    with call.engine.connect() as connection:
        rows = queues.list_queues(connection, query.limit + 1, query.cursor)
    items, cursor = page_of(rows, query.limit, _show, lambda last: last.name)
    return Answer(QueuePage(items=items, next=cursor))


def pause_queue(call: Call, body: QueuePauseBody) -> Answer:
    """Pause a queue: nothing more of it starts until it is resumed. On a paused one: change the reason.

    What runs goes on. What has been published already waits too. A queue that nothing uses yet may be paused too.
    """
    name = call.params["name"]
    with call.engine.begin() as connection:
        commands.pause(connection, name, reason=body.reason, by=call.by)
        return Answer(_show(queues.get_queue(connection, name)))


def resume_queue(call: Call, body: Nothing) -> Answer:
    """Resume a queue: what waited is published, also again, by priority and due time."""
    name = call.params["name"]
    with call.engine.begin() as connection:
        commands.resume(connection, name, call.by)
        return Answer(_show(queues.get_queue(connection, name)))


ROUTES = (
    Route("GET", "/v1/queues", list_queues, Role.VIEWER, {200: QueuePage}),
    Route("POST", "/v1/queues/{name}/pause", pause_queue, Role.OPERATOR, {200: QueueJson}),
    Route("POST", "/v1/queues/{name}/resume", resume_queue, Role.OPERATOR, {200: QueueJson}),
)


def _show(row: sa.Row[Any]) -> QueueJson:
    return QueueJson(**row._mapping, because=say_why(row))
