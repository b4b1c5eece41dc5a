"""Drain: USR1 to a worker process asks it, and the others of its master, to take no more runs and to end once they have
none."""

import os
import signal
import threading
from typing import Any

from dramatiq import Broker, Middleware, Worker

from actors.worker.keeping.process import worker_process


class Drain(Middleware):
    """Listens to the signal."""

    def before_worker_boot(self, broker: Broker, worker: Worker) -> None:
        """From now on, in this process alone: what it forks inherits the handler."""
        if threading.current_thread() is not threading.main_thread():
            return  # inside `callsheet up` signals belong to that process
        process, pid = worker_process(broker), os.getpid()

        def ask(_signum: int, _frame: Any) -> None:
            if os.getpid() == pid:
                process.drain_wanted = True

        signal.signal(signal.SIGUSR1, ask)
