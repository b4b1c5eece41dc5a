"""Messages as they come: what their bodies say, as far as a row can hold it."""

import inspect
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import structlog
from dramatiq import Broker, Message
from dramatiq.errors import DecodeError

from actors.worker.running.policies import number_in, policies_in
from models.definition import POSITIONAL
from models.lifecycle.new_runs import NewRun
from models.words.bounds import MAX_INT
from models.words.ids import message_run_id
from models.words.states import Trigger
from models.words.text import is_storable

log = structlog.get_logger("worker")

_LAST_INSTANT = datetime(9999, 12, 31, tzinfo=UTC).timestamp() * 1000


def decode(body: bytes, queue: str) -> Message[Any] | None:
    """The message, or None: what has no actor, or no names that a row can hold, is none.

    It is of the queue that it was delivered by, whatever it says: Dramatiq looks for its consumer by that name.
    """
    try:
        message = Message.decode(body)
        names = (message.message_id, message.actor_name)
        parts = isinstance(message.kwargs, dict) and isinstance(message.options, dict)
        if parts and all(isinstance(name, str) and name and is_storable(name) for name in names):
            if is_published(message):
                UUID(message.options["run_id"])
                message.options["attempt"] = _attempt(message.options["attempt"])
            return message if message.queue_name == queue else message.copy(queue_name=queue)
    except (DecodeError, ValueError, KeyError, TypeError, AttributeError, OverflowError):
        pass
    log.warning("undecodable", bytes=len(body))
    return None


def is_published(message: Message[Any]) -> bool:
    """Whether it is of a run that has a row."""
    return "run_id" in message.options


def identity(message: Message[Any]) -> tuple[str, int]:
    """Duplicates have it in common; the messages of two attempts do not."""
    return message.message_id, message.options.get("attempt", 0)


def sent_id(message: Message[Any]) -> UUID:
    """The id of its run: of one without a row, by what the sender's clock said."""
    if is_published(message):
        return UUID(message.options["run_id"])
    return message_run_id(message.message_id, number_in(message.message_timestamp, _LAST_INSTANT) or 0)


def as_run(broker: Broker, message: Message[Any]) -> NewRun:
    """The run of a message that came without one; when it is due and planned is the database's to say."""
    options = message.options
    actor = broker.actors.get(message.actor_name)
    due_at = datetime.fromtimestamp((number_in(options.get("eta"), _LAST_INSTANT) or 0) / 1000, UTC)
    return NewRun(
        id=sent_id(message),
        actor=message.actor_name,
        queue=message.queue_name,
        args=_named_arguments(None if actor is None else actor.fn, message.args, message.kwargs),
        trigger=Trigger.MESSAGE,
        due_at=due_at,
        planned_at=due_at,
        **policies_in(options),
    )


def _attempt(value: Any) -> int:
    attempt = int(value)
    if not 0 <= attempt < MAX_INT:
        raise ValueError("no run has had so many attempts")
    return attempt


def _named_arguments(fn: Callable[..., Any] | None, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """The arguments by name, as far as the actor's signature has names for them."""
    if not args:
        return kwargs
    parameters = list(inspect.signature(fn).parameters.values()) if fn is not None else []
    names = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD][: len(args)]
    if len(names) < len(args):
        return {POSITIONAL: list(args), **kwargs}
    return dict(zip(names, args, strict=True)) | kwargs
