"""One TERM: platforms signal the whole process group and Dramatiq's master forwards the signal again.

Dramatiq's worker takes a second signal for "kill". Here the first one stops the worker and later ones change nothing.
"""

import signal
import threading
from typing import Any

from dramatiq import Broker, Middleware, Worker

_SIGNALS = (signal.SIGTERM, signal.SIGHUP)


class OneTerm(Middleware):
    """Lets the first TERM or HUP of a worker process through to Dramatiq's handler, and none after it."""

    def before_worker_boot(self, broker: Broker, worker: Worker) -> None:
        """Wrap the handlers that Dramatiq has installed in this process."""
        if threading.current_thread() is not threading.main_thread():
            return  # inside `callsheet up` signals belong to that process
        stopping = False

        def once(signum: int, frame: Any) -> None:
            nonlocal stopping
            if not stopping:
                stopping = True
                handlers[signum](signum, frame)

        handlers: dict[int, Any] = {signum: signal.getsignal(signum) for signum in _SIGNALS}
        for signum, handler in handlers.items():
            if callable(handler):
                signal.signal(signum, once)
