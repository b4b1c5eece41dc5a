"""A middleware such as users have: it looks at each run before and after."""

import time
from typing import Any

import dramatiq
from dramatiq.broker import MessageProxy


class Times(dramatiq.Middleware):
    """Sums up how long runs take."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._begun: dict[str, float] = {}

    def before_process_message(self, broker: dramatiq.Broker, message: MessageProxy) -> None:
        """Note when it began."""
        self._begun[message.message_id] = time.monotonic()

    def after_process_message(
        self,
        broker: dramatiq.Broker,
        message: MessageProxy,
        *,
        result: Any = None,
        exception: BaseException | None = None,
    ) -> None:
        """Add what it took."""
        self.seconds += time.monotonic() - self._begun.pop(message.message_id, time.monotonic())


dramatiq.get_broker().add_middleware(Times())
