"""Keep: the life of a worker process, from its first thread to its last written result."""

from contextlib import suppress
from typing import Any

import sqlalchemy as sa
import structlog
from dramatiq import Middleware, Worker

from actors.worker.joining import wait_as_long_as_told
from actors.worker.keeping.announcement import Announcer
from actors.worker.keeping.held import HeldRuns
from actors.worker.keeping.keeper import Keeper
from actors.worker.keeping.process import CONNECTIONS, WorkerProcess
from actors.worker.keeping.watchdog import Watchdog
from actors.worker.running.outcome import interrupt
from config.database import make_engine
from config.settings import Settings
from models.announcing import forget_worker

log = structlog.get_logger("worker")


class Keep(Middleware):
    """Makes the worker process's shared state after the fork, runs its keeper and watchdog, and ends them last."""

    def __init__(self, settings: Settings) -> None:
        wait_as_long_as_told()
        self._settings = settings
        self._keeper: Keeper | None = None
        self._watchdog: Watchdog | None = None

    def before_worker_boot(self, broker: Any, worker: Worker) -> None:
        """Connect, announce, watch: before the first consumer."""
        queues = sorted(worker.consumer_whitelist or broker.get_declared_queues())
        engine = make_engine(
            self._settings.database, pool_size=CONNECTIONS, application="worker", ping=False, plan_once=True
        )
        held = HeldRuns(worker.worker_threads, self._settings.worker.lease_seconds)
        process = WorkerProcess(self._settings, engine, worker.worker_threads, queues, held)
        broker.process = process
        self._keeper = Keeper(process, Announcer(broker, process).announce)
        self._watchdog = Watchdog(process)
        self._keeper.start()
        self._watchdog.start()
        log.info("start", worker=str(process.id), queues=queues, threads=worker.worker_threads)

    def before_worker_shutdown(self, broker: Any, worker: Worker) -> None:
        """Give back what has not started; what runs has until shortly before the deadline."""
        process: WorkerProcess = broker.process
        _give_back(process)
        log.info("stop", running=len(process.interrupts.running()))

    def after_worker_shutdown(self, broker: Any, worker: Worker) -> None:
        """Write the last results and go."""
        process: WorkerProcess = broker.process
        assert self._keeper is not None, "made at boot"
        assert self._watchdog is not None, "made at boot"
        self._watchdog.stop()
        _give_back(process)  # a claim may have been under way when the process began to stop
        self._keeper.stop()
        with suppress(sa.exc.DBAPIError), process.engine.begin() as connection:
            forget_worker(connection, process.id)
        process.engine.dispose()


def _give_back(process: WorkerProcess) -> None:
    """What has not started goes back to be run elsewhere at once."""
    for held in process.begin_stop():
        process.finish(interrupt(held.claim, "the worker was stopped before the run started", held.claim.claimed_at))
