"""Messages as they come: what their bodies say, as far as a row can hold it."""

import json
from collections.abc import Container, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple, Self
from uuid import UUID

import structlog
from dramatiq import Broker, Message
from dramatiq.errors import DecodeError

from actors.worker.claiming.sent import trace_in
from actors.worker.contracts.contract import contract_of
from actors.worker.running.policies import number_in, policies_in
from models.definition import MAX_ARGS_BYTES, POSITIONAL
from models.lifecycle.new_runs import NewRun
from models.words.bounds import MAX_INT
from models.words.ids import message_run_id
from models.words.refusals import Refused, Unfit
from models.words.states import Trigger
from models.words.text import MAX_DEPTH, is_deep, is_storable

log = structlog.get_logger("worker")

_LAST_INSTANT = datetime(9999, 12, 31, tzinfo=UTC).timestamp() * 1000


UNSERVED = frozenset({"pipe_target", "pipe_ignore", "on_success", "on_failure", "on_retry_exhausted", "max_age"})
"""Options of Dramatiq's messages that nobody carries out here."""


class Letter(NamedTuple):
    """What a body says: the message, or None where it is none, and the runs that it stands for, which have had so many
    attempts each. Only a bundle has several; one that came without a run has that which it is to become."""

    body: bytes
    message: Message[Any] | None = None
    runs: tuple[UUID, ...] = ()
    attempt: int = 0
    is_published: bool = False
    """Whether its runs have rows."""
    unfit: Refused | None = None
    """What is wrong with what is no message."""

    @property
    def size(self) -> int:
        """How many runs there must be room for."""
        return max(len(self.runs), 1)

    def split(self, size: int) -> tuple[Self, Self | None]:
        """So many of its runs, one at least, and the others, None where there are none."""
        if len(self.runs) <= max(size, 1):
            return self, None
        return self._replace(runs=self.runs[:size]), self._replace(runs=self.runs[size:])

    def only(self, runs: Container[UUID]) -> Self:
        """The same for these of its runs."""
        return self._replace(runs=tuple(run for run in self.runs if run in runs))


def read_letter(body: bytes, queue: str) -> Letter:
    """What a queue has delivered. What has no actor, or no names that a row can hold, is no message.

    A message is of the queue that it was delivered by, whatever it says: Dramatiq looks for its consumer by that name.
    """
    try:
        message = Message.decode(body)
    except DecodeError as error:
        return _unfit(body, *_why_undecodable(error))
    if lacking := _what_it_lacks(message):
        return _unfit(body, Unfit.NOT_A_MESSAGE, lacking)
    try:
        if "run_id" in message.options:
            return Letter(body, message, _runs(message), _attempt(message.options["attempt"]), is_published=True)
        message = message if message.queue_name == queue else message.copy(queue_name=queue)
        return Letter(body, message, (_sent_id(message),))
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
        return _unfit(body, Unfit.BAD_IDS, "the runs that it names, or how many attempts they have had, can't be")


def refuse_unfit(message: Message[Any]) -> None:
    """Raises ValueError for a message, about to be sent, with an option that would mean nothing, or with arguments that
    could not be stored."""
    check_storable(message.args)
    check_storable(message.kwargs)
    if unserved := sorted(UNSERVED & {name for name, value in message.options.items() if value is not None}):
        raise ValueError(f"{message.actor_name}: callsheet does not carry out {', '.join(unserved)}")


def check_storable(arguments: Any) -> None:
    """Raises ValueError for arguments of a message that the API would not take either."""
    if is_deep(arguments):
        raise ValueError(f"the arguments are nested deeper than {MAX_DEPTH} levels")
    try:
        text = json.dumps(arguments, ensure_ascii=False)
    except (TypeError, ValueError):  # whoever encodes it will say so
        return
    if len(text.encode("utf-8", "surrogatepass")) > MAX_ARGS_BYTES:
        raise ValueError(f"the arguments are larger than {MAX_ARGS_BYTES // 1024} KiB as JSON")


def as_run(broker: Broker, message: Message[Any]) -> NewRun:
    """The run of a message that came without one; when it is due and planned is the database's to say."""
    options = message.options
    if unserved := sorted(UNSERVED.intersection(options)):
        log.warning("option-ignored", actor=message.actor_name, options=unserved)
    actor = broker.actors.get(message.actor_name)
    due_at = datetime.fromtimestamp((number_in(options.get("eta"), _LAST_INSTANT) or 0) / 1000, UTC)
    return NewRun(
        id=_sent_id(message),
        actor=message.actor_name,
        queue=message.queue_name,
        args=_named_arguments([] if actor is None else contract_of(actor.fn).names, message.args, message.kwargs),
        trigger=Trigger.MESSAGE,
        due_at=due_at,
        planned_at=due_at,
        trace=trace_in(options),
        **policies_in(options),
    )


def _unfit(body: bytes, reason: Unfit, because: str) -> Letter:
    return Letter(body, unfit=Refused(body, reason, because))


def _why_undecodable(error: DecodeError) -> tuple[Unfit, str]:
    """Without what the body says, but for the names of its fields."""
    inner: BaseException | None = error
    while isinstance(inner, DecodeError):
        inner = inner.error
    match inner:
        case json.JSONDecodeError():
            return Unfit.NOT_JSON, f"it is no JSON: {inner.msg} at character {inner.pos}"
        case UnicodeDecodeError():
            return Unfit.NOT_JSON, f"it is no UTF-8: {inner.reason} at byte {inner.start}"
        case RecursionError():
            return Unfit.NOT_JSON, "it is nested too deeply to be read"
        case KeyError() | TypeError() | AttributeError():
            return Unfit.NOT_A_MESSAGE, f"it has not the fields of a message: {type(inner).__name__}, {inner}"
    return Unfit.NOT_JSON, f"it can't be decoded: {type(inner).__name__}"


def _what_it_lacks(message: Message[Any]) -> str | None:
    for name in ("kwargs", "options"):
        if not isinstance(getattr(message, name), dict):
            return f"its {name} are no object"
    for name in ("message_id", "actor_name"):
        value = getattr(message, name)
        if not (isinstance(value, str) and value and is_storable(value)):
            return f"its {name} is no text that a row can hold"
    return None


def _sent_id(message: Message[Any]) -> UUID:
    """By what the sender's clock said."""
    return message_run_id(message.message_id, number_in(message.message_timestamp, _LAST_INSTANT) or 0)


def _runs(message: Message[Any]) -> tuple[UUID, ...]:
    """Workers of the release before know the first alone, by its own name."""
    return tuple(UUID(run) for run in message.options.get("run_ids") or [message.options["run_id"]])


def _attempt(value: Any) -> int:
    attempt = int(value)
    if not 0 <= attempt < MAX_INT:
        raise ValueError("no run has had so many attempts")
    return attempt


def _named_arguments(names: Sequence[str], args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """The arguments by name, as far as there are names for them."""
    names = names[: len(args)]
    if len(names) < len(args) or not kwargs.keys().isdisjoint(names):
        return {POSITIONAL: list(args), **kwargs}
    return dict(zip(names, args, strict=True)) | kwargs
