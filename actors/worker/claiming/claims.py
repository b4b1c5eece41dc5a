"""Claims: from deliveries of the broker to messages whose runs this process holds."""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
import sqlalchemy as sa
import structlog
from dramatiq import Broker, Message
from dramatiq.broker import MessageProxy

from actors.worker.claiming.claimed_message import ClaimedMessage
from actors.worker.claiming.messages import Letter, as_run, check_storable
from actors.worker.keeping.held import key_of
from actors.worker.keeping.journal import Key
from actors.worker.keeping.process import WorkerProcess
from actors.worker.running.clean import MAX_MESSAGE_CHARACTERS, clean_text
from actors.worker.running.outcome import RetryRule, fail, interrupt
from config.database import TRANSIENT
from config.direct import direct
from config.sessions import SessionLost
from config.uptime import uptime
from models.counters.counting import count
from models.definition import POSITIONAL
from models.lifecycle.adopting import adopt_as_failed, adopt_messages
from models.lifecycle.claiming import ClaimedRun, claim_runs, find_claimable, renew_own_claims
from models.lifecycle.confirming import bounce_runs
from models.lifecycle.new_runs import NewRun
from models.sql.locks import is_locked
from models.sql.rows import by_attempt
from models.words.refusals import Refused, Unfit

log = structlog.get_logger("worker")

_UNSTORABLE = (ValueError, RecursionError, sa.exc.DataError, sa.exc.IntegrityError)
"""What arguments raise that no row can hold."""

_TOO_MUCH = "54"
"""The class of PostgreSQL's errors for what is too deep or too large for it, which psycopg calls operational."""

UNKNOWN_ACTOR_SECONDS = 5.0
"""A run that came to a worker which doesn't know its actor is not published again for so long."""


class Claimed(NamedTuple):
    """The messages that may now run, those whose rows somebody has locked, and what is no message or could not be
    stored."""

    messages: Sequence[MessageProxy]
    locked: Sequence[Letter] = ()
    refused: Sequence[Refused] = ()


class _Won(NamedTuple):
    """The runs that were won, those that somebody has locked, and what the rows of messages without one are called."""

    claims: list[ClaimedRun]
    locked: set[UUID]
    ids: dict[UUID, UUID]


def claim_messages(
    broker: Broker, process: WorkerProcess, queue: str, letters: Sequence[Letter], again: bool = False
) -> Claimed:
    """Claim the runs of these letters, which this queue has delivered, in one transaction.

    Messages sent without a run get a row first; delayed ones wait in theirs, as do runs of an actor that this worker
    does not know. Raises sqlalchemy's errors while the database is away: nothing is held then, and the same letters may
    be tried `again`. Claims of a try whose commit took effect without our hearing of it are found then. Raises too
    where one of several messages can't be stored; one by itself gets a row that says so.
    """
    refused = [letter.unfit for letter in letters if letter.unfit is not None]
    published = {(run, letter.attempt) for letter in letters if letter.is_published for run in letter.runs}
    astray = {
        (run, letter.attempt)
        for letter in letters
        if letter.is_published and letter.message and not process.knows(letter.message.actor_name)
        for run in letter.runs
    }
    plain = {
        run: letter.message for letter in letters if letter.message and not letter.is_published for run in letter.runs
    }
    asked = uptime()
    try:
        stuck = _send_on(process, astray) if astray else set()
        new = [as_run(broker, message) for message in plain.values()]
        for run in new:
            check_storable(run.args)
        won = _claim_patiently(process, new, published - astray, again)
    except Exception as error:
        if len(letters) > 1 or not plain or not is_unstorable(error):
            raise
        because = _adopt_as_failed(process, as_run(broker, *plain.values()), error)
        return Claimed([], refused=[Refused(letter.body, Unfit.BAD_ARGUMENTS, because) for letter in letters])
    process.held.add(won.claims, asked)
    _count(published - astray, won)
    originals = {won.ids[sent_as]: message for sent_as, message in plain.items()}
    known = [claim for claim in won.claims if _is_known(broker, process, claim)]
    calls = (_as_call(process, claim, queue, originals.get(claim.id)) for claim in known)
    mine = [call for call in calls if call is not None]
    locked = won.locked | stuck | {sent_as for sent_as, run in won.ids.items() if run in won.locked}
    return Claimed(mine, [letter.only(locked) for letter in letters if not locked.isdisjoint(letter.runs)], refused)


def _count(published: Collection[Key], won: _Won) -> None:
    """What is neither won nor locked has moved on. Of messages without a run many wait in theirs, which is no loss."""
    lost = {run for run, _ in published}.difference(won.locked, (claim.id for claim in won.claims))
    for outcome, runs in (("won", won.claims), ("locked", won.locked), ("lost", lost)):
        if runs:
            count("callsheet_claims_total", len(runs), outcome=outcome)


def _send_on(process: WorkerProcess, runs: Collection[Key]) -> set[UUID]:
    """Runs of actors that this worker does not know wait for one that does. No attempt is used up. Those that somebody
    has locked."""
    log.warning("unknown-actor", runs=[str(run) for run, _ in runs][:10])
    with process.engine.begin() as connection:
        return bounce_runs(connection, runs, UNKNOWN_ACTOR_SECONDS)


def is_unstorable(error: Exception) -> bool:
    """Whether no row can hold what it was given: trying again does not help, whatever class of errors it is of."""
    sqlstate = getattr(getattr(error, "orig", None), "sqlstate", None)
    return isinstance(error, _UNSTORABLE) or (sqlstate or "").startswith(_TOO_MUCH)


def _claim_patiently(process: WorkerProcess, new: Sequence[NewRun], published: Collection[Key], again: bool) -> _Won:
    """Claim, waiting but a moment for locks; then what is free. A session that was lost is one of many: another."""
    try:
        return _claim(process, new, published, again)
    except SessionLost as error:
        log.warning("session", error=str(error.orig).strip())
        process.doubts.note()
        return _claim(process, new, published, again=True)
    except TRANSIENT as error:
        if not is_locked(error):
            raise
        process.doubts.note()  # of several statements the first may have claimed something
        return _claim(process, new, published, again=True, free_only=True)


def _claim(
    process: WorkerProcess, new: Sequence[NewRun], published: Collection[Key], again: bool, *, free_only: bool = False
) -> _Won:
    if not (new or again or free_only or process.settings.database.pgbouncer):
        return _Won(_claim_published(process, published), set(), {})
    claims: list[ClaimedRun] = []
    locked: set[UUID] = set()
    with process.engine.begin() as connection:
        ids = adopt_messages(connection, new) if new else {}
        mine = [(ids[run.id], 0) for run in new if run.actor and process.knows(run.actor)]
        for attempt, runs in by_attempt([*published, *mine]).items():
            # Before the claim: in this transaction its own claims would look just the same.
            claim = (connection, runs, attempt, process.id, process.settings.worker.lease_seconds)
            own = renew_own_claims(*claim, free_only=free_only) if again else []
            claims += claim_runs(*claim, free_only=free_only)
            claims += [each for each in own if not process.held.knows(key_of(each))]
            if free_only:
                locked |= find_claimable(connection, runs, attempt)
    return _Won(claims, locked, ids)


def _claim_published(process: WorkerProcess, published: Collection[Key]) -> list[ClaimedRun]:
    """What nearly all claims are: nothing but a statement for each number of attempts."""
    lease_seconds = process.settings.worker.lease_seconds
    with direct(process.engine) as connection:
        return [
            claim
            for attempt, runs in by_attempt(published).items()
            for claim in claim_runs(connection, runs, attempt, process.id, lease_seconds)
        ]


def _adopt_as_failed(process: WorkerProcess, run: NewRun, error: Exception) -> str:
    """A row for it, which says what is wrong with it; returns the same."""
    because = _reason(error)
    reason = f"its arguments can't be stored, and the message went to the .XQ of its queue: {because}"
    with process.engine.begin() as connection:
        run_id = adopt_as_failed(connection, run, clean_text(reason, MAX_MESSAGE_CHARACTERS))
    log.warning("not-stored", run_id=str(run_id), actor=run.actor, error=reason)
    return f"its arguments can't be stored: {because}"


def _reason(error: Exception) -> str:
    """What is wrong, without the arguments."""
    if isinstance(error, sa.exc.DBAPIError) and isinstance(error.orig, psycopg.Error):
        return error.orig.diag.message_primary or type(error.orig).__name__
    return str(error)


def _is_known(broker: Broker, process: WorkerProcess, claim: ClaimedRun) -> bool:
    """Whether this worker has the actor; if not, the run goes back for another worker to take."""
    if claim.actor in broker.actors:
        return True
    log.warning("unknown-actor", run_id=str(claim.id), actor=claim.actor)
    message = f"worker {process.id} does not know the actor {claim.actor}"
    process.finish(interrupt(claim, message, claim.claimed_at, UNKNOWN_ACTOR_SECONDS))
    return False


def _as_call(
    process: WorkerProcess, claim: ClaimedRun, queue: str, original: Message[Any] | None
) -> ClaimedMessage | None:
    """What a thread is to call; None where its arguments are none that anything can be called with: it has failed."""
    try:
        return _with_claim(claim, queue, original)
    except Exception as error:
        log.exception("no-call", run_id=str(claim.id), actor=claim.actor)
        process.finish(fail(claim, error, RetryRule(), None, claim.claimed_at))
        return None


def _with_claim(claim: ClaimedRun, queue: str, original: Message[Any] | None) -> ClaimedMessage:
    kwargs, args = dict(claim.args or {}), ()
    if POSITIONAL in kwargs:
        args = _positional(kwargs.pop(POSITIONAL))
    options = {} if original is None else {k: v for k, v in original.options.items() if k != "eta"}
    return ClaimedMessage(claim, queue, args, kwargs, options)


def _positional(given: Any) -> tuple[Any, ...]:
    if not isinstance(given, list):
        raise TypeError(f"the positional arguments, {POSITIONAL!r}, are a list")
    return tuple(given)
