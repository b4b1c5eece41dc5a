"""Renewal: the word that the runs of a process are alive, and what is heard back."""

from collections.abc import Mapping, Sequence

from actors.worker.keeping.held import HeldRun, key_of
from actors.worker.keeping.journal import Key
from actors.worker.keeping.process import WorkerProcess
from actors.worker.running.interrupts import Cancelled, LeaseLost
from actors.worker.running.outcome import cancel, interrupt
from config.database import TRANSIENT
from config.uptime import uptime
from models.lifecycle.leasing import find_own, renew_leases, save_checkpoints
from models.sql.locks import is_locked

STEP_SECONDS = 0.25
"""How soon a run that has started shows as started."""

WAIT_SECONDS = 1.0
"""What was claimed and has not started for so long goes back, for workers that have a free thread."""


class Renewal:
    """Renews the leases of all that is held, passes cancels on, and lets go of what is others' by now."""

    def __init__(self, process: WorkerProcess) -> None:
        self._process = process
        self._renewed = 0.0
        self._saved = 0.0

    def is_due(self) -> bool:
        """Whether leases are to be renewed, the start of a run is to be shown, or one waits that may be cancelled."""
        now = uptime()
        if now - self._renewed >= self._process.settings.worker.renew_seconds:
            return True
        return any(
            not held.start_reported and now - (held.started or held.claimed) >= STEP_SECONDS
            for held in self._process.held.all()
        )

    def renew(self) -> None:
        """Renew. Raises sqlalchemy's errors."""
        sent = uptime()
        held = self._process.held.leased(sent - self._process.settings.worker.renew_seconds)
        started = [run for run in held if run.started is not None]
        still = self._renew(held)
        self._process.held.note_renewal(still, sent)
        self._renewed = uptime()
        for run in started:
            run.start_reported = True
        self._let_go(self._others(held, still))
        self._cancel([run for run in held if still.get(key_of(run.claim))])

    def save_checkpoints(self) -> None:
        """Store what the runs that are under way have left for their next attempts. Raises sqlalchemy's errors."""
        if uptime() - self._saved < STEP_SECONDS:
            return
        self._saved = uptime()
        process = self._process
        runs = {(run.run_id, run.attempt): run.checkpoints for run in process.interrupts.running()}
        left = {key: text for key, each in runs.items() if (text := each.unsaved()) is not None}
        if left:
            with process.engine.begin() as connection:
                saved = save_checkpoints(connection, left, process.id, free_only=True)
            for key in saved:
                runs[key].note_saved(left[key])

    def give_back(self) -> None:
        """What waits for a thread for too long goes back, and uses up no retry."""
        held = self._process.held
        held.note_stuck()
        for run in held.take_back(held.waiting(WAIT_SECONDS)):
            self._process.finish(interrupt(run.claim, "no thread was free to start it", run.claim.claimed_at))

    def let_go_unstarted(self, unstarted: Sequence[HeldRun]) -> None:
        """What a process that is drained will not start goes back, and uses up no retry."""
        for run in unstarted:
            self._process.finish(interrupt(run.claim, "the worker takes no more runs", run.claim.claimed_at))

    def _renew(self, held: Sequence[HeldRun]) -> dict[Key, bool]:
        try:
            return self._renew_once(held)
        except TRANSIENT as error:
            if not is_locked(error):
                raise
            return self._renew_once(held, free_only=True)

    def _renew_once(self, held: Sequence[HeldRun], *, free_only: bool = False) -> dict[Key, bool]:
        rows = [{"id": run.claim.id, "attempt": run.claim.attempt, "started_at": run.started_at} for run in held]
        lease_seconds = self._process.settings.worker.lease_seconds
        with self._process.engine.begin() as connection:
            return renew_leases(connection, rows, self._process.id, lease_seconds, free_only=free_only)

    def _others(self, held: Sequence[HeldRun], still: Mapping[Key, bool]) -> list[HeldRun]:
        """What is others' by now, beside what somebody has only locked."""
        missing = {key_of(run.claim): run for run in held if key_of(run.claim) not in still}
        if not missing:
            return []
        with self._process.engine.begin() as connection:
            own = find_own(connection, missing, self._process.id)
        return [run for key, run in missing.items() if key not in own]

    def _let_go(self, lost: Sequence[HeldRun]) -> None:
        """These attempts are others' now: what has not started never will, what runs is interrupted."""
        unstarted = self._process.held.take_back([key_of(run.claim) for run in lost])
        self._process.held.forget([key_of(run.claim) for run in unstarted])
        for run in lost:
            self._process.interrupts.interrupt(*key_of(run.claim), LeaseLost)

    def _cancel(self, asked: Sequence[HeldRun]) -> None:
        """What has not started never will, what runs is interrupted."""
        for held in self._process.held.take_back([key_of(run.claim) for run in asked]):
            self._process.finish(cancel(held.claim, held.clock(uptime())))
        for run in asked:
            self._process.interrupts.interrupt(*key_of(run.claim), Cancelled)
