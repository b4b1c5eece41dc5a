"""Claim: nothing runs that this worker does not hold."""

from typing import Any

from dramatiq import Middleware
from dramatiq.broker import MessageProxy
from dramatiq.middleware import SkipMessage

from actors.worker.claiming.claims import ClaimedMessage


class Claim(Middleware):
    """Skips every message without a claim, and claims that were given back while they waited for a thread.

    Dramatiq swallows other exceptions of hooks and runs the actor all the same, so this raises SkipMessage.
    """

    def before_process_message(self, broker: Any, message: MessageProxy) -> None:
        """Note the start of the run; from here its time limit counts."""
        if not isinstance(message, ClaimedMessage):
            raise SkipMessage("no claim, no run")
        message.held = broker.process.held.start(message.claim)
        if message.held is None:
            raise SkipMessage("the claim was given back")
