"""Keep: the life of a worker process, from its first thread to its last written result."""

import multiprocessing
from contextlib import ExitStack, suppress
from uuid import UUID, uuid4

import sqlalchemy as sa
import structlog
from dramatiq import Broker, Middleware, Worker

from actors.worker.keeping.announcement import Announcer
from actors.worker.keeping.held import HeldRuns
from actors.worker.keeping.journal import Journal, journal_folder
from actors.worker.keeping.keeper import Keeper
from actors.worker.keeping.leaving import Leaving
from actors.worker.keeping.process import CONNECTIONS, WorkerProcess, attach_process, worker_process
from actors.worker.keeping.watchdog import Watchdog
from actors.worker.running.outcome import interrupt
from config.collector import settle
from config.database import fingerprint, make_engine
from config.settings import Settings, settings_or_exit
from models.announcing import forget_worker
from models.sql.locks import PATIENCE_MILLISECONDS

log = structlog.get_logger("worker")


EXIT_BOOT = 1


class Keep(Middleware):
    """Makes the worker process's shared state after the fork, runs its keeper and watchdog, and ends them last."""

    def __init__(self) -> None:
        self._ending = ExitStack()
        self._leaving: Leaving

    def before_worker_boot(self, broker: Broker, worker: Worker) -> None:
        """Connect, announce, watch: before the first consumer. Exits where that fails: Dramatiq would go on without."""
        try:
            self._begin(broker, worker)
        except Exception:
            log.exception("boot")
            raise SystemExit(EXIT_BOOT) from None

    def _begin(self, broker: Broker, worker: Worker) -> None:
        process = _make_process(broker, worker)
        attach_process(broker, process)
        keeper = Keeper(process, Announcer(broker, process).announce)
        self._leaving = Leaving(process, keeper.stop)
        watchdog = Watchdog(process, keeper.is_alive, self._leaving.leave)
        # What ends last comes first.
        self._ending.callback(process.engine.dispose)
        self._ending.callback(_forget, process)
        self._ending.callback(keeper.stop)
        self._ending.callback(_give_back, process)  # a claim may be under way when the process begins to stop
        self._ending.callback(watchdog.stop)
        settle()
        keeper.start()
        watchdog.start()
        log.info("start", worker=str(process.id), queues=process.queues, threads=process.threads)

    def before_worker_shutdown(self, broker: Broker, worker: Worker) -> None:
        """Give back what has not started; what runs has until shortly before the deadline."""
        process = worker_process(broker)
        _give_back(process)
        log.info("stop", running=len(process.interrupts.running()))

    def after_worker_shutdown(self, broker: Broker, worker: Worker) -> None:
        """Write the last results and go, if need be without the threads that do not come back."""
        self._leaving.end_children(worker.workers)
        self._leaving.leave_stuck()
        self._ending.close()
        if code := worker_process(broker).exit_code:
            raise SystemExit(code)


def _make_process(broker: Broker, worker: Worker) -> WorkerProcess:
    settings = settings_or_exit("database.url", "amqp.url")
    engine = make_engine(
        settings.database,
        pool_size=CONNECTIONS,
        application="worker",
        ping=False,
        plan_once=True,
        patience_milliseconds=PATIENCE_MILLISECONDS,
    )
    id_ = uuid4()
    journal = _open_journal(settings, id_)
    held = HeldRuns(worker.worker_threads, settings.worker.lease_seconds, journal)
    queues = sorted(worker.consumer_whitelist or broker.get_declared_queues())
    master = multiprocessing.parent_process()
    return WorkerProcess(
        settings,
        engine,
        worker.worker_threads,
        queues,
        held,
        frozenset(broker.actors),
        id=id_,
        journal=journal,
        spared=_spared(broker, settings),
        parent_pid=None if master is None else master.pid,
    )


def _spared(broker: Broker, settings: Settings) -> frozenset[str]:
    """Actors whose runs may go on when the process stops, as long as the platform lets them."""
    by_default = settings.worker.interrupt_on_stop
    actors = broker.actors.values()
    return frozenset(actor.actor_name for actor in actors if not actor.options.get("interrupt", by_default))


def _open_journal(settings: Settings, worker: UUID) -> Journal | None:
    """Without one, as on a read-only disk, the lease alone says that this process is dead."""
    try:
        return Journal(journal_folder(settings.worker), fingerprint(settings.database), worker)
    except OSError as error:
        log.warning("no-journal", error=str(error))
        return None


def _give_back(process: WorkerProcess) -> None:
    """What has not started goes back to be run elsewhere at once."""
    for held in process.begin_stop():
        process.finish(interrupt(held.claim, "the worker was stopped before the run started", held.claim.claimed_at))


def _forget(process: WorkerProcess) -> None:
    with suppress(sa.exc.DBAPIError), process.engine.begin() as connection:
        forget_worker(connection, process.id)
    if process.journal is not None:
        process.journal.close(is_settled=not process.held.known())
