"""Finish: what became of an attempt, decided here and written by the keeper."""

import json
import logging
import time
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from dramatiq import Actor, Broker, Middleware
from dramatiq.broker import MessageProxy

from actors.worker.claiming.claimed_message import ClaimedMessage
from actors.worker.keeping.held import key_of
from actors.worker.keeping.process import worker_process
from actors.worker.running.outcome import RetryRule, fail, skipped, succeed
from actors.worker.running.progress import Word
from models.lifecycle.claiming import ClaimedRun
from models.lifecycle.finishing import FinishedAttempt
from models.words.states import State

log = structlog.get_logger("worker")
_logger = logging.getLogger("worker")


class FailedByMiddleware(Exception):
    """Some middleware has said that the message failed, before its actor was called."""


class Finish(Middleware):
    """Turns a return or an exception into the run's next state, in place of Dramatiq's Retries: retries are rows.

    Every way out of Dramatiq's worker ends the attempt: a claim that nothing ends would be renewed for ever.
    """

    def after_process_message(
        self, broker: Broker, message: MessageProxy, *, result: Any = None, exception: BaseException | None = None
    ) -> None:
        """Decide, and hand the end over."""
        if not isinstance(message, ClaimedMessage) or message.held is None:
            return
        if message.failed and exception is None:
            exception = FailedByMiddleware("a middleware failed the message before its actor was called")
        try:
            actor = broker.get_actor(message.actor_name)
            end = decide(actor, message.claim, result, exception, message.started_at(), message.now())
            end = _with_what_is_left(message, end)
        except Exception as error:  # a decision that fails must still end the run
            log.exception("finish")
            end = fail(message.claim, error, RetryRule(), message.started_at(), message.now())
        message.end = end
        worker_process(broker).finish(end)
        # A line for each success would cost more than the run; the keeper says how many there were.
        level = logging.DEBUG if end.state is State.SUCCEEDED else logging.INFO
        if _logger.isEnabledFor(level):  # asked here, as structlog takes its time to say no
            log.log(level, "finish", outcome=end.outcome.value, state=end.state.value, error=end.error_type)

    def after_skip_message(self, broker: Broker, message: MessageProxy) -> None:
        """End an attempt that some other middleware has skipped: it is no failure, and is not tried again."""
        process = worker_process(broker)
        if isinstance(message, ClaimedMessage) and process.held.holds(key_of(message.claim)):
            process.finish(skipped(message.claim, message.now()))
            log.warning("skipped", run_id=str(message.claim.id), actor=message.claim.actor)


def decide(
    actor: Actor[Any, Any],
    claim: ClaimedRun,
    result: Any,
    exception: BaseException | None,
    started_at: datetime | None,
    finished_at: datetime,
) -> FinishedAttempt:
    """What the end of an attempt means, by the run's policy and the actor's options. Raises what these do."""
    if exception is None:
        return succeed(claim, result, started_at, finished_at)
    throws = actor.options.get("throws") or ()
    throws = throws if isinstance(throws, tuple) else (throws,)
    rule = RetryRule(throws=throws, retry_when=actor.options.get("retry_when"))
    return fail(claim, exception, rule, started_at, finished_at)


def _with_what_is_left(message: ClaimedMessage, end: FinishedAttempt) -> FinishedAttempt:
    """With the output, the checkpoint that the next attempt may go on from, and how far a failed one was."""
    if message.run is None:
        return end
    output = message.run.output.joined()
    checkpoint = message.run.checkpoints.unsaved()
    word = None if end.state is State.SUCCEEDED else message.run.how_far.latest()
    if not output.text and checkpoint is None and word is None:
        return end
    return replace(
        end,
        output=output.text or None,
        output_truncated=bool(output.gaps),
        output_gaps=list(output.gaps) or None,
        progress=None if word is None else _written(word, end.finished_at),
        checkpoint=checkpoint,
    )


def _written(word: Word, now: datetime) -> str:
    """As the row has it; `now` is by the database's clock."""
    at = now - timedelta(seconds=time.monotonic() - word.at)
    return json.dumps(word.as_json() | {"at": at.isoformat()}, ensure_ascii=False)
