"""Testing: call an actor as a worker would, without servers and without settings. See docs/testing-actors.md."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ParamSpec
from uuid import UUID

import dramatiq.broker
import structlog
from dramatiq import Actor
from dramatiq.brokers.stub import StubBroker
from dramatiq.middleware import AsyncIO, Interrupt

from actors.worker.keeping.announcement import policies_of
from actors.worker.middleware.finish import decide
from actors.worker.middleware.options import Options
from actors.worker.running.current import CurrentRun
from actors.worker.running.execution import Execution
from actors.worker.running.interrupts import Cancelled, Interrupts, TimeLimitExceeded
from actors.worker.running.log_capture import log_context
from actors.worker.running.outcome import RetryRule, fail
from actors.worker.running.surroundings import Surroundings
from config.secrets import known_secrets
from config.sections import Worker
from models.definition import DEFAULT_POLICIES
from models.lifecycle.claiming import ClaimedRun
from models.lifecycle.finishing import FinishedAttempt
from models.words.ids import new_run_id
from models.words.states import Outcome, State, Trigger

STEP_SECONDS = 0.02

P = ParamSpec("P")

_surroundings = Surroundings()


@dataclass(frozen=True)
class Ended:
    """How an attempt ended.

    `state` is what its run would be next: succeeded, failed, cancelled, or retrying, after `delay_seconds`. `result`
    is what JSON keeps of what the actor returned, None if it did not return. `output` is what it wrote and logged,
    secrets masked. `error` is the exception that ended it, such as TimeLimitExceeded or Cancelled, else None.
    `checkpoint` is what it has left for the next attempt, None for nothing. `progress` is how far it said last that it
    was: `done`, `total`, `note` and `eta_seconds`, None if it never did.
    """

    outcome: Outcome
    state: State
    result: Any
    output: str
    error: BaseException | None
    delay_seconds: float
    checkpoint: Any = None
    progress: dict[str, Any] | None = None


@dataclass(kw_only=True)
class Run:
    """A run for one attempt at an actor. What is None is as the engine has it.

    That is for `due_at` the slot, or now; for `trigger` "schedule" with a slot, "manual" without; for `retries`, the
    retries used up, one less than `attempt`; for the policies the actor's options, else DEFAULT_POLICIES.
    """

    id: UUID = field(default_factory=lambda: new_run_id(datetime.now(UTC)))
    schedule: str | None = None
    slot_at: datetime | None = None
    previous_slot_at: datetime | None = None
    next_slot_at: datetime | None = None
    due_at: datetime | None = None
    attempt: int = 1
    retries: int | None = None
    trigger: str | None = None
    trace: str | None = None
    max_retries: int | None = None
    min_backoff_seconds: float | None = None
    max_backoff_seconds: float | None = None
    time_limit_seconds: float | None = None
    cancel_after_seconds: float | None = None
    timezone: str = "UTC"
    resume_from: Any = None
    _cancelled: threading.Event = field(default_factory=threading.Event, init=False, repr=False)

    def __post_init__(self) -> None:
        for name in ("slot_at", "previous_slot_at", "next_slot_at", "due_at"):
            instant: datetime | None = getattr(self, name)
            if instant is not None and instant.tzinfo is None:
                raise ValueError(f"{name} needs a time zone")

    def call(self, actor: Actor[P, Any], *args: P.args, **kwargs: P.kwargs) -> Ended:
        """Call the actor once, in this thread and inside this run, with all that a worker does around it.

        Whatever it raises is in what is returned, KeyboardInterrupt alone goes through. Raises TypeError for
        arguments that are not JSON.
        """
        known_secrets.cache_clear()  # a test may just have set one
        sent_args, sent_kwargs = _as_sent(args, kwargs)
        with _surroundings.entered():
            execution, interrupts = Execution(), Interrupts()
            function, claim = execution.around(actor), self._claim(actor)
            run = execution.prepare(claim, interrupts, Worker().output_bytes)
            result, error = None, None
            with structlog.contextvars.bound_contextvars(**log_context(run)), self._interrupting(run, interrupts):
                try:
                    try:
                        result = function(*sent_args, **sent_kwargs)
                    finally:
                        interrupts.leave()  # an interrupt may have cut the actor's own leaving short
                except KeyboardInterrupt:
                    raise
                except BaseException as raised:  # noqa: BLE001 - what ended it is the answer
                    error = raised
            return _ended(_end(actor, claim, result, error), run, error)

    def cancel(self) -> None:
        """Interrupt the call that is under way, or the next one as soon as it begins. For another thread."""
        self._cancelled.set()

    def _claim(self, actor: Actor[Any, Any]) -> ClaimedRun:
        now = datetime.now(UTC)
        trigger = self.trigger or (Trigger.MANUAL if self.slot_at is None else Trigger.SCHEDULE)
        own = {name: getattr(self, name) for name in DEFAULT_POLICIES if getattr(self, name) is not None}
        return ClaimedRun(
            id=self.id,
            actor=actor.actor_name,
            queue=actor.queue_name,
            args={},
            attempt=self.attempt,
            retries=self.attempt - 1 if self.retries is None else self.retries,
            interruptions=0,
            trigger=trigger,
            schedule_id=None if trigger == Trigger.MESSAGE else self.id,  # whichever
            schedule_name=self.schedule,
            slot_at=self.slot_at,
            previous_slot_at=self.previous_slot_at,
            next_slot_at=self.next_slot_at,
            due_at=self.due_at or self.slot_at or now,
            trace=self.trace,
            timezone=self.timezone,
            checkpoint=self.resume_from,
            claimed_at=now,
            **(DEFAULT_POLICIES | policies_of(actor) | own),
        )

    @contextmanager
    def _interrupting(self, run: CurrentRun, interrupts: Interrupts) -> Iterator[None]:
        """Have a thread interrupt the run when it is to end, as the watchdog and the keeper of a worker do."""
        ended = threading.Event()

        def watch() -> None:
            while not ended.wait(STEP_SECONDS):
                if (kind := self._reason_to_end(run)) is not None:
                    interrupts.interrupt(run.run_id, run.attempt, kind)

        thread = threading.Thread(target=watch, name="interrupts", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def _reason_to_end(self, run: CurrentRun) -> type[Interrupt] | None:
        seconds = time.monotonic() - run.started
        if self._cancelled.is_set() or (self.cancel_after_seconds is not None and seconds >= self.cancel_after_seconds):
            return Cancelled
        return TimeLimitExceeded if run.remaining_seconds() <= 0 else None


def call(actor: Actor[P, Any], *args: P.args, **kwargs: P.kwargs) -> Ended:
    """Call the actor once, in a run of its own that nobody has scheduled: `new_run().call(…)`."""
    return Run().call(actor, *args, **kwargs)


def new_run(**fields: Any) -> Run:
    """A run to call an actor in, with the fields of `Run`, all of which have defaults.

    Raises TypeError for a field that it does not have, ValueError for an instant without a time zone.
    """
    return Run(**fields)


def use_stub_broker() -> StubBroker:
    """Make Dramatiq's StubBroker the broker of this process, for tests of what sends messages.

    It knows the options of actors, and keeps what is sent in its queues. Call it before the first actor is imported,
    at the top of `conftest.py`: actors stay with the broker that they were declared on. Raises RuntimeError after that.
    """
    current = dramatiq.broker.global_broker
    if current is not None and current.actors:
        names = ", ".join(sorted(current.actors))
        raise RuntimeError(f"use_stub_broker comes too late, there are actors on another broker already: {names}")
    broker = StubBroker(middleware=[Options(), AsyncIO()])
    dramatiq.set_broker(broker)
    return broker


def _as_sent(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """The arguments after their journey through the database."""
    try:
        sent_args, sent_kwargs = json.loads(json.dumps([args, kwargs], allow_nan=False))
    except (TypeError, ValueError) as error:
        raise TypeError(f"the arguments of an actor travel as JSON: {error}") from error
    return sent_args, sent_kwargs


def _end(actor: Actor[Any, Any], claim: ClaimedRun, result: Any, error: BaseException | None) -> FinishedAttempt:
    now = datetime.now(UTC)
    try:
        return decide(actor, claim, result, error, claim.claimed_at, now)
    except Exception as failed:  # noqa: BLE001 - `retry_when` is user code; a worker ends the run by this too
        return fail(claim, failed, RetryRule(), claim.claimed_at, now)


def _ended(end: FinishedAttempt, run: CurrentRun, error: BaseException | None) -> Ended:
    word = run.how_far.latest()
    return Ended(
        outcome=end.outcome,
        state=end.state,
        result=None if end.result is None else json.loads(end.result),
        output=run.output.text()[0],
        error=error,
        delay_seconds=end.delay_seconds,
        checkpoint=None if (left := run.checkpoints.unsaved()) is None else json.loads(left),
        progress=None if word is None else word.as_json(),
    )
