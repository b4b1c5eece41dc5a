"""Claims: from deliveries of the broker to messages whose runs this process holds."""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa
import structlog
from dramatiq import Broker, Message
from dramatiq.broker import MessageProxy
from dramatiq.common import q_name
from dramatiq.errors import DecodeError
from dramatiq.middleware import SkipMessage

from actors.worker.keeping.held import HeldRun, key_of
from actors.worker.keeping.journal import Key
from actors.worker.keeping.process import WorkerProcess
from actors.worker.running.current import CurrentRun
from actors.worker.running.durations import seconds_of
from actors.worker.running.outcome import interrupt
from config.database import TRANSIENT
from config.uptime import uptime
from models.lifecycle.claiming import ClaimedRun, adopt_messages, claim_runs, find_claimable, renew_own_claims
from models.lifecycle.new_runs import NewRun
from models.sql.clock import read_clock
from models.sql.locks import is_locked
from models.sql.rows import by_attempt
from models.sql.wake import notify
from models.words.ids import message_run_id
from models.words.states import Trigger

log = structlog.get_logger("worker")

POSITIONAL = "*"
"""The key under which a run's arguments keep positional ones that have no name."""

UNKNOWN_ACTOR_SECONDS = 5.0
"""A run that came to a worker which doesn't know its actor goes back for so long: another worker may know it."""


class ClaimedMessage(MessageProxy):
    """A message whose run this process holds; its arguments come from the row. Logs see the run's id alone.

    `held` and `run` are set once a thread starts it.
    """

    def __init__(self, message: Message[Any], claim: ClaimedRun) -> None:
        super().__init__(message)
        self.claim = claim
        self.held: HeldRun | None = None
        self.run: CurrentRun | None = None

    def started_at(self) -> datetime | None:
        """When a thread started it, by the database's clock; None before."""
        return None if self.held is None else self.held.started_at()

    def now(self) -> datetime:
        """The database's time; before a thread has started it, that of the claim."""
        return self.claim.claimed_at if self.held is None else self.held.clock(uptime())

    def __str__(self) -> str:
        return f"{self.claim.actor} run {self.claim.id}"


def claimed(message: MessageProxy) -> ClaimedMessage:
    """The message, as one that this process holds the run of. Raises SkipMessage if it is not."""
    if not isinstance(message, ClaimedMessage):
        raise SkipMessage("no claim, no run")
    return message


class Claimed(NamedTuple):
    """The messages that may now run, and the bodies of those whose rows somebody has locked."""

    messages: Sequence[MessageProxy]
    locked: Sequence[bytes]


def claim_messages(broker: Broker, process: WorkerProcess, bodies: Sequence[bytes], again: bool = False) -> Claimed:
    """Claim the runs of these message bodies in one transaction.

    Messages sent without a run get a row first; delayed ones wait in theirs. Raises sqlalchemy's errors while the
    database is away: nothing is held then, and the same bodies may be tried `again`. Claims of a try whose commit took
    effect without our hearing of it are found then.
    """
    given = {_identity(message): (message, body) for body in bodies if (message := _decode(body)) is not None}
    published = [message for message, _ in given.values() if _is_published(message)]
    plain = {_plain_id(message): message for message, _ in given.values() if not _is_published(message)}
    wanted = [(UUID(message.options["run_id"]), message.options["attempt"]) for message in published]
    wanted += [(run_id, 0) for run_id in plain]
    new = [_as_run(broker, message) for message in plain.values()]
    sent = uptime()
    try:
        claims, locked = _claim(process, new, wanted, again, free_only=process.settings.database.pgbouncer)
    except TRANSIENT as error:
        if not is_locked(error):
            raise
        claims, locked = _claim(process, new, wanted, again, free_only=True)
    process.held.add(claims, sent)
    messages = [_with_claim(claim, plain.get(claim.id)) for claim in claims if _is_known(broker, process, claim)]
    return Claimed(messages, [body for message, body in given.values() if _run_id(message) in locked])


def _claim(
    process: WorkerProcess, new: Sequence[NewRun], wanted: Sequence[Key], again: bool, *, free_only: bool
) -> tuple[list[ClaimedRun], set[UUID]]:
    """The runs that were won, and those that somebody has locked."""
    claims: list[ClaimedRun] = []
    locked: set[UUID] = set()
    with (process.engine if new or again or free_only else process.autocommit).begin() as connection:
        if new:
            _adopt(connection, new)
        for attempt, ids in by_attempt(wanted).items():
            # Before the claim: in this transaction its own claims would look just the same.
            claim = (connection, ids, attempt, process.id, process.settings.worker.lease_seconds)
            own = renew_own_claims(*claim, free_only=free_only) if again else []
            claims += claim_runs(*claim, free_only=free_only)
            claims += [each for each in own if not process.held.knows(key_of(each))]
            if free_only:
                locked |= find_claimable(connection, ids, attempt)
    return claims, locked


def _adopt(connection: sa.Connection, new: Sequence[NewRun]) -> None:
    now = read_clock(connection)
    runs = [replace(run, due_at=max(run.due_at, now), planned_at=now) for run in new]
    adopt_messages(connection, runs)
    if any(run.due_at > now for run in runs):
        notify(connection)


def _decode(body: bytes) -> Message[Any] | None:
    try:
        message = Message.decode(body)
        if _is_published(message):
            UUID(message.options["run_id"])
            message.options["attempt"] = int(message.options["attempt"])
        return message
    except (DecodeError, ValueError, KeyError, TypeError, AttributeError):
        log.warning("undecodable", bytes=len(body))
        return None


def _is_published(message: Message[Any]) -> bool:
    return "run_id" in message.options


def _identity(message: Message[Any]) -> tuple[str, int]:
    """Duplicates have it in common; the messages of two attempts do not."""
    return message.message_id, message.options.get("attempt", 0)


def _plain_id(message: Message[Any]) -> UUID:
    return message_run_id(message.message_id, message.message_timestamp)


def _run_id(message: Message[Any]) -> UUID:
    return UUID(message.options["run_id"]) if _is_published(message) else _plain_id(message)


def _as_run(broker: Broker, message: Message[Any]) -> NewRun:
    """The run of a message that came without one; when it is due and planned is the database's to say."""
    options = message.options
    actor = broker.actors.get(message.actor_name)
    due_at = datetime.fromtimestamp(options.get("eta", 0) / 1000, UTC)
    return NewRun(
        id=_plain_id(message),
        actor=message.actor_name,
        queue=q_name(message.queue_name),
        args=_named_arguments(None if actor is None else actor.fn, message.args, message.kwargs),
        trigger=Trigger.MESSAGE,
        due_at=due_at,
        planned_at=due_at,
        max_retries=options.get("max_retries"),
        min_backoff_seconds=seconds_of(options, "min_backoff"),
        max_backoff_seconds=seconds_of(options, "max_backoff"),
        time_limit_seconds=seconds_of(options, "time_limit"),
    )


def _named_arguments(fn: Callable[..., Any] | None, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """The arguments by name, as far as the actor's signature has names for them."""
    if not args:
        return kwargs
    parameters = list(inspect.signature(fn).parameters.values()) if fn is not None else []
    names = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD][: len(args)]
    if len(names) < len(args):
        return {POSITIONAL: list(args), **kwargs}
    return dict(zip(names, args, strict=True)) | kwargs


def _is_known(broker: Broker, process: WorkerProcess, claim: ClaimedRun) -> bool:
    """Whether this worker has the actor; if not, the run goes back for another worker to take."""
    if claim.actor in broker.actors:
        return True
    log.warning("unknown-actor", run_id=str(claim.id), actor=claim.actor)
    message = f"worker {process.id} does not know the actor {claim.actor}"
    process.finish(interrupt(claim, message, claim.claimed_at, UNKNOWN_ACTOR_SECONDS))
    return False


def _with_claim(claim: ClaimedRun, original: Message[Any] | None) -> ClaimedMessage:
    kwargs = dict(claim.args)
    args = tuple(kwargs.pop(POSITIONAL, ()))
    message: Message[Any] = Message(
        queue_name=claim.queue,
        actor_name=claim.actor,
        args=args,
        kwargs=kwargs,
        options={} if original is None else {k: v for k, v in original.options.items() if k != "eta"},
        message_id=str(claim.id),
    )
    return ClaimedMessage(message, claim)
