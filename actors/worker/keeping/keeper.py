"""The keeper: the one thread of a worker process that writes results and renews leases.

Worker threads hand it the ends of attempts and never wait. What it has not written when the process dies is an expired
lease, and is rescued.
"""

import threading
import time
from collections.abc import Callable
from functools import partial

import sqlalchemy as sa
import structlog

from actors.worker.keeping.burial import Burial
from actors.worker.keeping.draining import Draining
from actors.worker.keeping.ends import Ends
from actors.worker.keeping.process import WorkerProcess
from actors.worker.keeping.renewal import STEP_SECONDS, Renewal
from actors.worker.live.live import Live
from actors.worker.running.outcome import interrupt
from config.database import TRANSIENT
from migrations.pending import wait_until_migrated
from models.announcing import report_worker
from models.counters.telling import tell_counters
from models.lifecycle.claiming import read_stray_claims

log = structlog.get_logger("worker")

REPORT_SECONDS = 10
SOON_SECONDS = 1
RETRY_SECONDS = 1.0
FLUSH_SECONDS = 4.0
"""How long the end of a process waits for its last results to be written."""


class Keeper:
    """Writes ends, renews leases, settles doubtful claims and reports the worker, in turns."""

    def __init__(self, process: WorkerProcess, announce: Callable[[sa.Connection], Callable[[], None] | None]) -> None:
        self._process = process
        self._announce = announce
        self._ends = Ends(process)
        self._renewal = Renewal(process)
        self._burial = Burial(process)
        self._live = Live(process.engine, process.id, process.interrupts.running, process.shown)
        self._draining = Draining(process, self._renewal.let_go_unstarted)
        self._reported = 0.0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)

    def start(self) -> None:
        """Begin, in a thread of its own. Nothing is consumed before it has found the database's tables to be there."""
        self._process.is_migrated.clear()
        self._thread.start()

    def is_alive(self) -> bool:
        """Whether it is at work."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """Write what is left, for a few seconds at most, and end."""
        self._stopping.set()
        self._thread.join(FLUSH_SECONDS + RETRY_SECONDS)

    def _run(self) -> None:
        if not wait_until_migrated(self._process.engine, self._stopping.wait, "worker"):
            return
        self._process.is_migrated.set()
        deadline = None
        while True:
            if self._stopping.is_set():
                deadline = deadline or time.monotonic() + FLUSH_SECONDS
                if self._nothing_left():
                    self._tell_last()
                    return
                if time.monotonic() >= deadline:
                    return
            try:
                self._step()
            except sa.exc.SQLAlchemyError as error:
                log.warning("keeper", error=str(error).strip(), unwritten=len(self._ends))
                time.sleep(RETRY_SECONDS)
            except Exception:
                log.exception("keeper")
                time.sleep(RETRY_SECONDS)

    def _step(self) -> None:
        self._ends.collect(STEP_SECONDS, self._stopping.wait)
        self._renewal.give_back()
        self._renewal.save_checkpoints()
        if self._renewal.is_due():
            self._renewal.renew()
        self._ends.write()
        self._ends.tally()
        self._live.show()
        self._settle_doubts()
        self._draining.step()
        soon = self._process.held.pace_has_turned()
        if time.monotonic() - self._reported >= (SOON_SECONDS if soon else REPORT_SECONDS):
            self._report()
        self._burial.hold()

    def _report(self) -> None:
        """Say that this process is alive, and what it can do; a row that others have locked delays that alone.

        Each by itself: a worker whose actors can't be announced is alive all the same.
        """
        self._reported = time.monotonic()
        if self._process.journal is not None:
            self._process.journal.touch()
        for say in (self._say_alive, self._announce, self._process.statistics.tell, tell_counters):
            try:
                with self._process.engine.begin() as connection:
                    then = say(connection)
                if then is not None:
                    then()
            except sa.exc.DBAPIError as error:
                self._reported = time.monotonic() - REPORT_SECONDS + RETRY_SECONDS
                log.warning("report", error=str(error.orig).strip())

    def _say_alive(self, connection: sa.Connection) -> Callable[[], None]:
        is_to_drain = report_worker(connection, self._process.report())
        return partial(self._process.want_drain, is_to_drain)

    def _tell_last(self) -> None:
        """What has been counted since the last report; where that can't be told it is lost. A session may be one of
        before a restart of the server: then there is another."""
        try:
            try:
                self._tell()
            except TRANSIENT:
                self._tell()
        except sa.exc.SQLAlchemyError as error:
            log.warning("statistics", error=str(error).strip())

    def _tell(self) -> None:
        for tell in (self._process.statistics.tell, tell_counters):
            with self._process.engine.begin() as connection:
                then = tell(connection)
            then()

    def _settle_doubts(self) -> None:
        """Give back what was claimed by a statement of which nothing was heard, and which no consumer tries again."""
        with self._process.doubts.settling() as there_are_some:
            if there_are_some:
                with self._process.engine.begin() as connection:
                    strays = read_stray_claims(connection, self._process.held.known(), self._process.id)
                for claim in strays:
                    self._process.finish(interrupt(claim, "the answer to the claim was lost", claim.claimed_at))

    def _nothing_left(self) -> bool:
        return not self._ends and not self._process.doubts
