"""Log context: every log line of a run names it."""

from typing import Any

import structlog
from dramatiq import Broker, Middleware
from dramatiq.broker import MessageProxy

from actors.worker.claiming.claims import claimed


class LogContext(Middleware):
    """Binds run, actor, schedule and attempt to structlog's context variables while a message is processed."""

    def before_process_message(self, broker: Broker, message: MessageProxy) -> None:
        """Bind."""
        claim = claimed(message).claim
        structlog.contextvars.bind_contextvars(
            run_id=str(claim.id), actor=claim.actor, schedule=claim.schedule_name, attempt=claim.attempt
        )

    def after_process_message(
        self, broker: Broker, message: MessageProxy, *, result: Any = None, exception: BaseException | None = None
    ) -> None:
        """Unbind."""
        structlog.contextvars.clear_contextvars()

    def after_skip_message(self, broker: Broker, message: MessageProxy) -> None:
        """Unbind."""
        structlog.contextvars.clear_contextvars()
