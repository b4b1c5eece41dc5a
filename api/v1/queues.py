"""Queues: list, pause, resume."""

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from api.shapes.schedule_body import Queue
from api.web.fields import Moment, Page, Request, Text
from api.web.problems import invalid_field
from api.web.routes import Answer, Call
from models.queues import COUNTED, get_queue, list_queues, pause_queue, resume_queue
from models.wake import notify

_NAME: TypeAdapter[str] = TypeAdapter(Queue)


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


def list_page(call: Call) -> Answer:
    """List the queues of announced actors, of live runs and of pauses."""
    query: QueueQuery = call.query
    with call.engine.connect() as connection:
        rows = list_queues(connection, query.limit + 1, query.cursor)
    page = [QueueJson(**row._mapping) for row in rows[: query.limit]]
    return Answer(QueuePage(items=page, next=page[-1].name if len(rows) > len(page) else None))


def pause(call: Call) -> Answer:
    """Pause a queue: due runs wait until it is resumed. On a paused one: change the reason.

    What has been published already still runs. A queue that nothing uses yet may be paused too.
    """
    name, body = _name(call), call.body
    with call.engine.begin() as connection:
        pause_queue(connection, name, body.reason, call.caller_name)
        notify(connection)
        return Answer(QueueJson(**get_queue(connection, name)._mapping))


def resume(call: Call) -> Answer:
    """Resume a queue: what waited is published, by priority and due time."""
    name = _name(call)
    with call.engine.begin() as connection:
        if resume_queue(connection, name):
            notify(connection)
        return Answer(QueueJson(**get_queue(connection, name)._mapping))


def _name(call: Call) -> str:
    try:
        return _NAME.validate_python(call.params["name"])
    except ValidationError as error:
        raise invalid_field("name", error.errors()[0]["msg"]) from None
