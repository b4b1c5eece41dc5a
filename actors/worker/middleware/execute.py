"""Execute: puts the actor's function inside its run: context, secrets, interrupts, output."""

from typing import Any

import structlog
from dramatiq import Actor, Broker, Middleware
from dramatiq.broker import MessageProxy
from dramatiq.middleware import SkipMessage

from actors.worker.claiming.claimed_message import claimed
from actors.worker.keeping.process import worker_process
from actors.worker.running.execution import Execution
from actors.worker.running.outcome import RetryRule, fail

log = structlog.get_logger("worker")


class Execute(Middleware):
    """Wraps every declared actor, and prepares each run for the thread that executes it."""

    def __init__(self) -> None:
        self._execution = Execution()

    def after_declare_actor(self, broker: Broker, actor: Actor[Any, Any]) -> None:
        """Wrap the actor's function."""
        self._execution.wrap(actor)

    def before_process_message(self, broker: Broker, message: MessageProxy) -> None:
        """Prepare the run for this thread."""
        ours, process = claimed(message), worker_process(broker)
        try:
            ours.run = self._execution.prepare(ours.claim, process.interrupts, process.output_bytes)
        except Exception as error:
            log.exception("prepare")
            process.finish(fail(ours.claim, error, RetryRule(), None, ours.now()))
            raise SkipMessage("could not be prepared") from error  # Dramatiq would run it all the same

    def after_process_message(
        self, broker: Broker, message: MessageProxy, *, result: Any = None, exception: BaseException | None = None
    ) -> None:
        """Leave for certain: an interrupt may have cut the actor's own leaving short, or it was never called."""
        worker_process(broker).interrupts.leave()
        self._execution.clear()

    def after_skip_message(self, broker: Broker, message: MessageProxy) -> None:
        """Nothing is prepared any more."""
        self._execution.clear()
