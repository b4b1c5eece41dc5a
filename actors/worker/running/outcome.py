"""What the end of an attempt means: outcome and next state, as a pure decision."""

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dramatiq.errors import Retry
from dramatiq.middleware import Interrupt

from actors.worker.running.clean import (
    MAX_MESSAGE_CHARACTERS,
    MAX_TRACEBACK_CHARACTERS,
    clean_result,
    clean_text,
    describe_error,
)
from actors.worker.running.current import SecretNotAllowed
from actors.worker.running.interrupts import Cancelled, LeaseLost, Shutdown, TimeLimitExceeded
from config.secrets import known_secrets
from models.lifecycle.claiming import ClaimedRun
from models.lifecycle.finishing import FinishedAttempt
from models.words.backoff import backoff_seconds
from models.words.states import Outcome, State

MAX_DELAY_SECONDS = 365 * 86400.0

FREE_INTERRUPTIONS = 3
"""So many in a row go back at once; those that follow wait, longer each time."""

MOST_INTERRUPTIONS = 10
"""Of so many in a row the last counts as a failure: a run that nobody lets end must not go on for ever."""


@dataclass(frozen=True)
class RetryRule:
    """The options of an actor that decide beside the run's own policy: Dramatiq's `throws` and `retry_when`."""

    throws: tuple[type[BaseException], ...] = ()
    retry_when: Callable[[int, BaseException], bool] | None = None


def succeed(claim: ClaimedRun, result: Any, started_at: datetime | None, finished_at: datetime) -> FinishedAttempt:
    """The attempt returned."""
    return FinishedAttempt.of(
        claim, Outcome.SUCCEEDED, State.SUCCEEDED, finished_at, started_at=started_at, result=clean_result(result)
    )


def fail(
    claim: ClaimedRun, error: BaseException, rule: RetryRule, started_at: datetime | None, finished_at: datetime
) -> FinishedAttempt:
    """The attempt raised: failed, timed out, cancelled or interrupted, and what the policy makes of that."""
    error = _interrupt_behind(error)
    outcome = _outcome(error)
    counts = outcome is not Outcome.INTERRUPTED or claim.interruptions + 1 >= MOST_INTERRUPTIONS
    state = _next_state(claim, outcome, error, rule, counts)
    return FinishedAttempt.of(
        claim,
        outcome,
        state,
        finished_at,
        started_at=started_at,
        counts=counts,
        delay_seconds=_delay_seconds(claim, error, counts) if state is State.RETRYING else 0,
        error_type=type(error).__name__,
        error_message=_masked(_message(claim, error), MAX_MESSAGE_CHARACTERS),
        error_traceback=_masked(_traceback(error), MAX_TRACEBACK_CHARACTERS),
    )


def interrupt(claim: ClaimedRun, message: str, at: datetime, delay_seconds: float = 0) -> FinishedAttempt:
    """The attempt ended before its user code started: it goes back at once, and no retry is used up."""
    return FinishedAttempt.of(
        claim,
        Outcome.INTERRUPTED,
        State.RETRYING,
        at,
        delay_seconds=delay_seconds,
        error_type="Interrupted",
        error_message=message,
    )


def cancel(claim: ClaimedRun, at: datetime) -> FinishedAttempt:
    """The attempt was asked to cancel before its user code started."""
    return FinishedAttempt.of(
        claim, Outcome.CANCELLED, State.CANCELLED, at, error_type="Cancelled", error_message="the run was cancelled"
    )


def skipped(claim: ClaimedRun, at: datetime) -> FinishedAttempt:
    """The attempt was skipped by a middleware before its user code started."""
    message = "a middleware skipped the message"
    return FinishedAttempt.of(
        claim, Outcome.CANCELLED, State.CANCELLED, at, error_type="SkipMessage", error_message=message
    )


def _interrupt_behind(error: BaseException) -> BaseException:
    """Dramatiq raises another error where an asynchronous actor takes longer than a second to obey its interrupt."""
    return error.__cause__ if isinstance(error.__cause__, Interrupt) else error


def _outcome(error: BaseException) -> Outcome:
    match error:
        case TimeLimitExceeded():
            return Outcome.TIMED_OUT
        case Cancelled():
            return Outcome.CANCELLED
        case LeaseLost():
            return Outcome.LOST
        case Shutdown():
            return Outcome.INTERRUPTED
        case _:
            return Outcome.FAILED


def _next_state(claim: ClaimedRun, outcome: Outcome, error: BaseException, rule: RetryRule, counts: bool) -> State:
    if outcome is Outcome.CANCELLED:
        return State.CANCELLED
    return State.RETRYING if not counts or _may_retry(claim, error, rule) else State.FAILED


def _may_retry(claim: ClaimedRun, error: BaseException, rule: RetryRule) -> bool:
    if isinstance(error, (SecretNotAllowed, *rule.throws)):
        return False
    if rule.retry_when is not None:
        return bool(rule.retry_when(claim.retries, error))
    return claim.retries < claim.max_retries


def _delay_seconds(claim: ClaimedRun, error: BaseException, counts: bool) -> float:
    if not counts:
        waits = claim.interruptions - FREE_INTERRUPTIONS
        return 0 if waits < 0 else backoff_seconds(waits, claim.min_backoff_seconds, claim.max_backoff_seconds)
    if isinstance(error, Retry) and error.delay is not None:
        return min(max(error.delay / 1000, 0), MAX_DELAY_SECONDS)
    return backoff_seconds(claim.retries, claim.min_backoff_seconds, claim.max_backoff_seconds)


def _message(claim: ClaimedRun, error: BaseException) -> str:
    if isinstance(error, TimeLimitExceeded):
        return f"the run exceeded its time limit of {claim.time_limit_seconds:g} s"
    if isinstance(error, Cancelled):
        return "the run was cancelled"
    if isinstance(error, Shutdown):
        number = claim.interruptions + 1
        return "the worker was stopped" if number == 1 else f"the worker was stopped, {number} times in a row"
    if isinstance(error, LeaseLost):
        return "the worker could not renew its lease"
    return describe_error(error)


def _masked(text: str, limit: int) -> str:
    return clean_text(known_secrets().mask(text), limit)  # in this order: a cut could leave half a secret


def _traceback(error: BaseException) -> str:
    try:
        return "".join(traceback.format_exception(error))
    except BaseException:  # noqa: BLE001 - formatting calls user code
        return f"<a traceback of {type(error).__name__} that can't be read>"
