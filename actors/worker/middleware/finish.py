"""Finish: what became of an attempt, decided here and written by the keeper."""

import logging
import time
from dataclasses import replace
from typing import Any

import structlog
from dramatiq import Middleware
from dramatiq.broker import MessageProxy

from actors.worker.claiming.claims import ClaimedMessage
from actors.worker.running.outcome import RetryRule, fail, succeed
from models.lifecycle.finishing import FinishedAttempt
from models.states import State

log = structlog.get_logger("worker")
_logger = logging.getLogger("worker")


class Finish(Middleware):
    """Turns a return or an exception into the run's next state, in place of Dramatiq's Retries: retries are rows."""

    def after_process_message(
        self, broker: Any, message: MessageProxy, *, result: Any = None, exception: BaseException | None = None
    ) -> None:
        """Decide, and hand the end over."""
        if not isinstance(message, ClaimedMessage) or message.held is None:
            return
        try:
            end = _with_output(message, _decide(broker, message, result, exception))
        except Exception as error:  # a decision that fails must still end the run
            log.exception("finish")
            end = fail(message.claim, error, RetryRule(), message.held.started_at(), _now(message))
        broker.process.finish(end)
        # A line for each success would cost more than the run; the keeper says how many there were.
        level = logging.DEBUG if end.state is State.SUCCEEDED else logging.INFO
        if _logger.isEnabledFor(level):  # asked here, as structlog takes its time to say no
            log.log(level, "finish", outcome=end.outcome.value, state=end.state.value, error=end.error_type)


def _decide(broker: Any, message: ClaimedMessage, result: Any, exception: BaseException | None) -> FinishedAttempt:
    assert message.held is not None, "checked by the caller"
    started_at = message.held.started_at()
    if exception is None:
        return succeed(message.claim, result, started_at, _now(message))
    return fail(message.claim, exception, _rule(broker, message), started_at, _now(message))


def _rule(broker: Any, message: ClaimedMessage) -> RetryRule:
    options = broker.get_actor(message.actor_name).options
    throws = options.get("throws") or ()
    throws = throws if isinstance(throws, tuple) else (throws,)
    return RetryRule(throws=throws, retry_when=options.get("retry_when"))


def _with_output(message: ClaimedMessage, end: FinishedAttempt) -> FinishedAttempt:
    if message.run is None:
        return end
    text, truncated = message.run.output.text()
    return replace(end, output=text, output_truncated=truncated) if text else end


def _now(message: ClaimedMessage) -> Any:
    assert message.held is not None, "checked by the caller"
    return message.held.clock(time.monotonic())
