"""Queues: list, pause, resume, dead letters."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from pydantic import BaseModel, Field

from api.shapes.queue_body import QueuePauseBody
from api.shapes.schedule_body import Nothing
from api.web.fields import ByName, Moment, page_of
from api.web.routes import Answer, Call, Route
from models import queues
from models.dead_letters import LATEST, get_dead_letters
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
    dead_letters: int | None = Field(
        description="Messages that could not be read or stored and lie in the broker's queue of this name and `.XQ`, as"
        " last counted; null where nobody has."
    )


class QueuePage(BaseModel):
    """Queues by name."""

    items: list[QueueJson]
    next: str | None


class DeadLetterJson(BaseModel):
    """A message that could not be read or stored."""

    at: Moment
    reason: str = Field(
        description="A word: `not_json`, `not_a_message`, `bad_ids`, `bad_arguments`, `unclaimable`; there may be more."
    )
    because: str = Field(description="The same in English, for people.")
    bytes: int
    worker_id: UUID = Field(description="The worker that could not take it.")


class DeadLettersJson(BaseModel):
    """What is known of the dead letters of a queue. They are in the broker, each with its reason in its headers."""

    dead_letters: int | None = Field(description="How many there are; null where nobody has counted them.")
    counted_at: Moment | None = Field(description="When scheduling has asked the broker.")
    latest: list[DeadLetterJson] = Field(description=f"The last {LATEST} that came, the latest first.")


def list_queues(call: Call, query: ByName) -> Answer:
    """List the queues of announced actors, of live runs and of pauses, and why what waits in each does."""
    with call.engine.connect() as connection:
        rows = queues.list_queues(connection, query.limit + 1, query.cursor)
    items, cursor = page_of(rows, query.limit, _show, lambda last: last.name)
    return Answer(QueuePage(items=items, next=cursor))


def list_dead_letters(call: Call) -> Answer:
    """Say how many messages of a queue could not be read or stored, and why the latest of them.

    They are in the broker, in the queue of this name and `.XQ`, for seven days. Of a queue that nobody knows there are
    none.
    """
    name = call.params["name"]
    commands.check_name(name)
    with call.engine.connect() as connection:
        row = get_dead_letters(connection, name)
    if row is None:
        return Answer(DeadLettersJson(dead_letters=None, counted_at=None, latest=[]))
    return Answer(DeadLettersJson(dead_letters=row.letters, counted_at=row.counted_at, latest=row.latest))


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
    Route("GET", "/v1/queues/{name}/dead-letters", list_dead_letters, Role.VIEWER, {200: DeadLettersJson}),
    Route("POST", "/v1/queues/{name}/pause", pause_queue, Role.OPERATOR, {200: QueueJson}),
    Route("POST", "/v1/queues/{name}/resume", resume_queue, Role.OPERATOR, {200: QueueJson}),
)


def _show(row: sa.Row[Any]) -> QueueJson:
    return QueueJson(**row._mapping, because=say_why(row))
