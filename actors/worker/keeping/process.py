"""What the consumers and middleware of one worker process share, made after the fork and gone at its end."""

import json
import os
import queue
import socket
import threading
import time
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any
from uuid import UUID, uuid4

import dramatiq
import sqlalchemy as sa
from dramatiq import Broker

from actors.worker.keeping.doubts import Doubts
from actors.worker.keeping.held import HeldRun, HeldRuns
from actors.worker.keeping.journal import Journal, Key
from actors.worker.running.clean import clean_text
from actors.worker.running.interrupts import Interrupts
from config.environment import secret_names
from config.settings import Settings
from models.lifecycle.finishing import FinishedAttempt
from models.statistics.adding import Statistics

MAX_NAME_CHARACTERS = 255
CONNECTIONS = 2
"""One for claims, one for results and leases; neither is held while a run executes."""


def _is_so() -> threading.Event:
    event = threading.Event()
    event.set()
    return event


@dataclass
class WorkerProcess:
    """One worker process."""

    settings: Settings
    engine: sa.Engine
    threads: int
    queues: list[str]
    held: HeldRuns
    actors: frozenset[str] | None = None
    """Those that it knows, in whichever queue; None for whichever has been announced."""
    id: UUID = field(default_factory=uuid4)
    journal: Journal | None = None
    interrupts: Interrupts = field(default_factory=Interrupts)
    doubts: Doubts = field(default_factory=Doubts)
    statistics: Statistics = field(default_factory=lambda: Statistics(uuid4()))
    ends: "queue.SimpleQueue[FinishedAttempt]" = field(default_factory=queue.SimpleQueue)
    shown: set[Key] = field(default_factory=set)
    """Attempts of which people may see something already."""
    spared: frozenset[str] = frozenset()
    """Actors whose runs are not interrupted when the process stops."""
    parent_pid: int | None = None
    """The process that it ends with; None in one that has no master."""
    is_migrated: threading.Event = field(default_factory=_is_so)
    """Whether the database has what this process needs; until then nothing is consumed."""
    stop_at: float | None = None
    drain_wanted: bool = False
    """Whether it is to take no more runs, and to end once it has none."""
    exit_code: int = 0
    """Another one where the process ends by itself, as it can't do its work any more."""
    output_bytes: int = field(init=False)
    """The setting, which each run asks for."""

    def __post_init__(self) -> None:
        self.output_bytes = self.settings.worker.output_bytes

    def knows(self, actor: str) -> bool:
        """Whether it can run this actor."""
        return self.actors is None or actor in self.actors

    def finish(self, end: FinishedAttempt) -> None:
        """Let go of a run and leave its end to the keeper."""
        self.held.end((end.id, end.attempt), end)
        self.ends.put(end)

    def begin_stop(self) -> list[HeldRun]:
        """Claim nothing more; what has not started is returned, what runs is interrupted 5 s before the end."""
        if self.stop_at is None:
            self.stop_at = time.monotonic() + max(1.0, self.settings.worker.stop_seconds - 5)
        return self.held.close()

    def must_wait(self) -> bool:
        """Whether it is in a run that its end does not interrupt, and nothing else has."""
        struck = {run.run_id for run, _ in self.interrupts.struck()}
        return any(run.actor in self.spared and run.run_id not in struck for run in self.interrupts.running())

    def want_drain(self, is_wanted: bool = True) -> None:
        """Take no more runs from the keeper's next step on; what was wanted once stays so."""
        self.drain_wanted = self.drain_wanted or is_wanted

    def report(self) -> dict[str, Any]:
        """This process as a row of `workers`."""
        return {
            "id": self.id,
            "host": clean_text(socket.gethostname(), MAX_NAME_CHARACTERS),
            "pid": os.getpid(),
            "parent_pid": self.parent_pid or os.getpid(),
            "queues": json.dumps(self.queues),
            "actors": None if self.actors is None else json.dumps(sorted(self.actors)),
            "secrets": json.dumps([clean_text(name, MAX_NAME_CHARACTERS) for name in secret_names(os.environ)]),
            "secret_rules": json.dumps(self.settings.secrets.allow),
            "threads": self.threads,
            "version": _version(),
            "release": clean_text(self.settings.worker.release, MAX_NAME_CHARACTERS) or None,
            "running": len(self.interrupts.running()),
            "stuck_threads": self.interrupts.stuck(),
        }


_of_brokers: dict[Broker, WorkerProcess] = {}


def attach_process(broker: Broker, process: WorkerProcess) -> None:
    """Have `worker_process` find this process by its broker."""
    _of_brokers[broker] = process


def worker_process(broker: Broker) -> WorkerProcess:
    """The worker process that consumes from this broker. Raises LookupError where none does."""
    process = _of_brokers.get(broker)
    if process is None:
        raise LookupError(f"no worker of callsheet runs on this {type(broker).__name__}")
    return process


def must_wait(broker: Broker) -> bool:
    """Whether the end of the worker process must wait for a run."""
    return worker_process(broker).must_wait()


def worker_engine() -> sa.Engine:
    """The worker's few connections to the database, for actors that tend to it in short transactions.

    Raises LookupError outside of a worker.
    """
    return worker_process(dramatiq.get_broker()).engine


def _version() -> str:
    try:
        return version("callsheet")
    except PackageNotFoundError:
        return "checkout"
