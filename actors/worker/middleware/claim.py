"""Claim: nothing runs that this worker does not hold."""

from dramatiq import Broker, Middleware
from dramatiq.broker import MessageProxy
from dramatiq.middleware import SkipMessage

from actors.worker.claiming.claimed_message import claimed
from actors.worker.keeping.process import worker_process


class Claim(Middleware):
    """Skips every message without a claim, and claims that were given back while they waited for a thread.

    Dramatiq swallows other exceptions of hooks and runs the actor all the same, so this raises SkipMessage.
    """

    def before_process_message(self, broker: Broker, message: MessageProxy) -> None:
        """Note the start of the run; from here its time limit counts."""
        ours = claimed(message)
        ours.held = worker_process(broker).held.start(ours.claim)
        if ours.held is None:
            raise SkipMessage("the claim was given back")
