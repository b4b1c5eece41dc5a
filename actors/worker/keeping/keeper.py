"""The keeper: the one thread of a worker process that writes results and renews leases.

Worker threads hand it the ends of attempts and never wait. What it has not written when the process dies is an expired
lease, and is rescued.
"""

import queue
import threading
import time
from collections.abc import Callable, Sequence

import sqlalchemy as sa
import structlog

from actors.worker.keeping.held import HeldRun, key_of
from actors.worker.keeping.process import WorkerProcess
from actors.worker.running.interrupts import Cancelled, LeaseLost
from actors.worker.running.outcome import interrupt
from config.database import TRANSIENT
from models.announcing import report_worker
from models.lifecycle.claiming import read_stray_claims
from models.lifecycle.ended import lock_tallied_schedules, tally_outcomes
from models.lifecycle.finishing import FinishedAttempt, finish_runs, save_outputs
from models.lifecycle.leasing import renew_leases
from models.states import Outcome, State
from models.wake import notify

log = structlog.get_logger("worker")

GROUP = 500
LINGER_SECONDS = 0.02
"""How long the first end of a group waits for others."""

STEP_SECONDS = 0.25
"""How soon a run that has started shows as started, and how soon time limits and cancels are acted on."""

REPORT_SECONDS = 10
RETRY_SECONDS = 1.0
FLUSH_SECONDS = 4.0
"""How long the end of a process waits for its last results to be written."""


class Keeper:
    """Writes ends in groups, renews leases, reports the worker, and passes cancels on."""

    def __init__(self, process: WorkerProcess, announce: Callable[[sa.Connection], None]) -> None:
        self._process = process
        self._announce = announce
        self._unwritten: list[FinishedAttempt] = []
        self._renewed = self._reported = 0.0
        self._group = GROUP
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)

    def start(self) -> None:
        """Begin, in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Write what is left, for a few seconds at most, and end."""
        self._stopping.set()
        self._thread.join(FLUSH_SECONDS + RETRY_SECONDS)

    def _run(self) -> None:
        deadline = None
        while True:
            if self._stopping.is_set():
                deadline = deadline or time.monotonic() + FLUSH_SECONDS
                if self._nothing_left() or time.monotonic() >= deadline:
                    return
            try:
                self._step()
            except sa.exc.SQLAlchemyError as error:
                log.warning("keeper", error=str(error).strip(), unwritten=len(self._unwritten))
                time.sleep(RETRY_SECONDS)
            except Exception:
                log.exception("keeper")
                time.sleep(RETRY_SECONDS)

    def _step(self) -> None:
        self._collect()
        if self._renewal_is_due():
            self._renew()
        self._write()
        self._settle_doubts()
        if time.monotonic() - self._reported >= REPORT_SECONDS:
            with self._process.engine.begin() as connection:
                report_worker(connection, self._process.report())
                self._announce(connection)
            self._reported = time.monotonic()

    def _collect(self) -> None:
        try:
            if not self._unwritten:
                self._unwritten.append(self._process.ends.get(timeout=STEP_SECONDS))
                self._stopping.wait(LINGER_SECONDS)
            while len(self._unwritten) < GROUP:
                self._unwritten.append(self._process.ends.get_nowait())
        except queue.Empty:
            pass

    def _write(self) -> None:
        """Write what has ended, as many at once as went well last time; one that can't be stored is replaced."""
        while self._unwritten:
            group = self._unwritten[: self._group]
            try:
                self._write_group(group)
            except TRANSIENT:
                self._group = max(1, len(group) // 2)
                raise
            except Exception as error:
                if len(group) == 1:
                    log.exception("finish")
                    self._write_group([_unstorable(group[0], error)])
                else:
                    self._group = 1
                    continue
            del self._unwritten[: len(group)]
            self._group = min(self._group * 2, GROUP)

    def _write_group(self, ends: Sequence[FinishedAttempt]) -> None:
        with self._process.engine.begin() as connection:
            counts = lock_tallied_schedules(connection, ends)
            written = finish_runs(connection, ends, self._process.id)
            won = {(row.id, row.attempt) for row in written}
            save_outputs(connection, [end for end in ends if end.has_output() and (end.id, end.attempt) in won])
            if counts:
                tally_outcomes(connection, written)
            if any(row.state == State.RETRYING or row.is_awaited for row in written):
                notify(connection)
        self._process.held.forget([(end.id, end.attempt) for end in ends])
        if won:
            log.info("finish", runs=len(won))
        if len(won) < len(ends):
            log.warning("superseded", runs=[str(end.id) for end in ends if (end.id, end.attempt) not in won])

    def _settle_doubts(self) -> None:
        """Give back what was claimed by a statement of which nothing was heard, and which no consumer tries again."""
        if not self._process.in_doubt or not self._process.claiming.acquire(blocking=False):
            return
        try:
            with self._process.engine.begin() as connection:
                strays = read_stray_claims(connection, self._process.held.known(), self._process.id)
            for claim in strays:
                self._process.finish(interrupt(claim, "the answer to the claim was lost", claim.claimed_at))
            self._process.in_doubt = False
        finally:
            self._process.claiming.release()

    def _renewal_is_due(self) -> bool:
        now = time.monotonic()
        if now - self._renewed >= self._process.settings.worker.renew_seconds:
            return True
        return any(
            held.started is not None and not held.start_reported and now - held.started >= STEP_SECONDS
            for held in self._process.held.all()
        )

    def _renew(self) -> None:
        held = self._process.held.all()
        rows = [{"id": run.claim.id, "attempt": run.claim.attempt, "started_at": run.started_at()} for run in held]
        sent = time.monotonic()
        with self._process.engine.begin() as connection:
            still = renew_leases(connection, rows, self._process.id, self._process.settings.worker.lease_seconds)
        self._process.held.note_renewal(still, sent)
        self._renewed = time.monotonic()
        for run in held:
            run.start_reported = run.started is not None
        self._let_go([run for run in held if key_of(run.claim) not in still])
        for run in held:
            if still.get(key_of(run.claim)):
                self._process.interrupts.interrupt(*key_of(run.claim), Cancelled)

    def _let_go(self, lost: Sequence[HeldRun]) -> None:
        """These attempts are others' now: what has not started never will, what runs is interrupted."""
        self._process.held.drop_unstarted([key_of(run.claim) for run in lost])
        for run in lost:
            self._process.interrupts.interrupt(*key_of(run.claim), LeaseLost)

    def _nothing_left(self) -> bool:
        return not self._unwritten and self._process.ends.empty() and not self._process.in_doubt


def _unstorable(end: FinishedAttempt, error: Exception) -> FinishedAttempt:
    return FinishedAttempt(
        id=end.id,
        schedule_id=end.schedule_id,
        attempt=end.attempt,
        outcome=Outcome.FAILED,
        state=State.FAILED,
        started_at=end.started_at,
        finished_at=end.finished_at,
        error_type="ResultNotStored",
        error_message=f"the attempt {end.outcome.value}, but PostgreSQL refused its result: {type(error).__name__}",
    )
