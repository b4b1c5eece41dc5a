"""The supervisor: starts any process of a deployment again that has exited, as a platform does."""

import os
import threading
import time
from collections import Counter
from contextlib import suppress

import psutil

from tests.end_to_end.deployment import Deployment

LOOK_SECONDS = 0.1
RESTART_SECONDS = 1.0


class Supervisor:
    """Counts restarts by name, and remembers the leaders of all process groups it has seen."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self.restarts: Counter[str] = Counter()
        self.leaders: dict[int, str] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)

    def start(self) -> None:
        """Begin, in a thread of its own."""
        self._remember()
        self._thread.start()

    def stop(self) -> None:
        """Start nothing any more."""
        self._stopping.set()
        self._thread.join()

    def all_up(self) -> bool:
        """Whether every process of the deployment runs."""
        return all(process.poll() is None for process in self._deployment.processes.values())

    def orphans(self) -> list[psutil.Process]:
        """Live members of process groups whose leader is gone."""
        live = {process.pid for process in self._deployment.processes.values() if process.poll() is None}
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error, ProcessLookupError):
                if os.getsid(process.pid) in self.leaders.keys() - live and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
        return found

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_SECONDS):
            exited = [name for name, process in self._deployment.processes.items() if process.poll() is not None]
            if exited:
                time.sleep(RESTART_SECONDS)
                self._deployment.start(*exited)
                self.restarts.update(exited)
                self._remember()

    def _remember(self) -> None:
        self.leaders |= {process.pid: name for name, process in self._deployment.processes.items()}
