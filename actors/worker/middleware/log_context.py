"""Log context: every log line of a run names it."""

from typing import Any

from dramatiq import Broker, Middleware
from dramatiq.broker import MessageProxy

from actors.worker.claiming.claimed_message import claimed
from config.logging import about


class LogContext(Middleware):
    """Has lines say run, actor, schedule and attempt while a message is processed."""

    def before_process_message(self, broker: Broker, message: MessageProxy) -> None:
        """From here on."""
        about.set(claimed(message).log_fields)

    def after_process_message(
        self, broker: Broker, message: MessageProxy, *, result: Any = None, exception: BaseException | None = None
    ) -> None:
        """Until here."""
        about.set(None)

    def after_skip_message(self, broker: Broker, message: MessageProxy) -> None:
        """Or here."""
        about.set(None)
