"""Renewal: the word that the runs of a process are alive, and what is heard back."""

import time
from collections.abc import Sequence

from actors.worker.keeping.held import HeldRun, key_of
from actors.worker.keeping.process import WorkerProcess
from actors.worker.running.interrupts import Cancelled, LeaseLost
from models.lifecycle.leasing import renew_leases

STEP_SECONDS = 0.25
"""How soon a run that has started shows as started."""


class Renewal:
    """Renews the leases of all that is held, passes cancels on, and lets go of what is others' by now."""

    def __init__(self, process: WorkerProcess) -> None:
        self._process = process
        self._renewed = 0.0

    def is_due(self) -> bool:
        """Whether leases are to be renewed, or the start of a run is to be shown."""
        now = time.monotonic()
        if now - self._renewed >= self._process.settings.worker.renew_seconds:
            return True
        return any(
            held.started is not None and not held.start_reported and now - held.started >= STEP_SECONDS
            for held in self._process.held.all()
        )

    def renew(self) -> None:
        """Renew. Raises sqlalchemy's errors."""
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
