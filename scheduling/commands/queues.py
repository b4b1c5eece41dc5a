"""Pause and resume queues."""

import sqlalchemy as sa
from pydantic import TypeAdapter, ValidationError

from models import queues
from models.definition import Queue
from models.sql.wake import notify
from models.words.faults import Fault
from scheduling.commands.faults import Refused

_NAME: TypeAdapter[str] = TypeAdapter(Queue)


def pause(connection: sa.Connection, name: str, *, reason: str | None, by: str) -> None:
    """Start nothing more from a queue until it is resumed; of a paused one change the reason. Raises Refused.

    A queue that nothing uses yet may be paused too.
    """
    _check(name)
    queues.pause_queue(connection, name, reason, by)
    notify(connection)


def resume(connection: sa.Connection, name: str) -> None:
    """Let a queue go on, where it is paused. Raises Refused."""
    _check(name)
    if queues.resume_queue(connection, name):
        notify(connection)


def _check(name: str) -> None:
    try:
        _NAME.validate_python(name)
    except ValidationError as error:
        raise Refused([Fault(("name",), error.errors()[0]["msg"])]) from None
