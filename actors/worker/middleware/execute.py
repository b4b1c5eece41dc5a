"""Execute: puts the actor's function inside its run: context, secrets, interrupts, output."""

import time
from typing import Any

import structlog
from dramatiq import Actor, Middleware
from dramatiq.broker import MessageProxy
from dramatiq.middleware import SkipMessage

from actors.worker.claiming.claims import ClaimedMessage
from actors.worker.running.execution import Execution
from actors.worker.running.outcome import RetryRule, fail

log = structlog.get_logger("worker")


class Execute(Middleware):
    """Wraps every declared actor, and prepares each run for the thread that executes it."""

    def __init__(self, output_bytes: int) -> None:
        self._execution = Execution()
        self._output_bytes = output_bytes

    def after_declare_actor(self, broker: Any, actor: Actor[Any, Any]) -> None:
        """Wrap the actor's function."""
        self._execution.wrap(actor)

    def before_process_message(self, broker: Any, message: MessageProxy) -> None:
        """Prepare the run for this thread."""
        assert isinstance(message, ClaimedMessage), "the claim comes first"
        try:
            message.run = self._execution.prepare(message.claim, broker.process.interrupts, self._output_bytes)
        except Exception as error:
            log.exception("prepare")
            assert message.held is not None, "the claim comes first"
            now = message.held.clock(time.monotonic())
            broker.process.finish(fail(message.claim, error, RetryRule(), None, now))
            raise SkipMessage("could not be prepared") from error  # Dramatiq would run it all the same

    def after_process_message(
        self, broker: Any, message: MessageProxy, *, result: Any = None, exception: BaseException | None = None
    ) -> None:
        """Leave for certain: an interrupt may have cut the actor's own leaving short, or it was never called."""
        broker.process.interrupts.leave()
        self._execution.clear()
