"""A message whose run this process holds."""

from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Optional

from dramatiq import Message
from dramatiq.broker import MessageProxy
from dramatiq.middleware import SkipMessage

from actors.worker.keeping.held import HeldRun
from actors.worker.running.current import CurrentRun
from config.telemetry.traceparent import trace_id_of
from config.uptime import uptime
from models.lifecycle.claiming import ClaimedRun
from models.lifecycle.finishing import FinishedAttempt

if TYPE_CHECKING:
    from config.telemetry.tracer import Inside


class ClaimedMessage(MessageProxy):
    """A message whose run this process holds; its arguments come from the row. Logs see the run's id alone.

    `held` and `run` are set once a thread starts it. Most are never asked for more than what is here: the message
    itself is made for whoever does.
    """

    span: Optional["Inside"] = None
    """Around its attempt, where this process traces."""
    end: FinishedAttempt | None = None
    """What became of it, once that is decided."""

    def __init__(
        self, claim: ClaimedRun, queue: str, args: tuple[Any, ...], kwargs: dict[str, Any], options: dict[str, Any]
    ) -> None:
        self.failed = False
        self._exception: BaseException | None = None
        self.queue_name = queue
        self.actor_name = claim.actor
        self.args, self.kwargs, self.options = args, kwargs, options
        self.claim = claim
        self.held: HeldRun | None = None
        self.run: CurrentRun | None = None

    @cached_property
    def _message(self) -> Message[Any]:  # type: ignore[override]
        return Message(
            self.queue_name, self.actor_name, self.args, self.kwargs, self.options, message_id=str(self.claim.id)
        )

    def log_fields(self) -> dict[str, Any]:
        """What every line of its run is bound to."""
        claim = self.claim
        return {
            "run_id": str(claim.id),
            "actor": claim.actor,
            "schedule": claim.schedule_name,
            "attempt": claim.attempt,
            "trace_id": trace_id_of(claim.id, claim.trace),
        }

    def started_at(self) -> datetime | None:
        """When a thread started it, by the database's clock; None before."""
        return None if self.held is None else self.held.started_at

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
