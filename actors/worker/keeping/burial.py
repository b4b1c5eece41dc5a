"""Burial: what becomes of the runs of a worker process that is certainly dead, by its journal."""

import time

import sqlalchemy as sa
import structlog

from actors.worker.keeping.journal import DeadWorker, Note, Noted, dead_worker, other_journals
from actors.worker.keeping.process import WorkerProcess
from config.database import fingerprint
from models.announcing import forget_worker
from models.lifecycle.ended import EndedRun, after_ends, tally_outcomes
from models.lifecycle.finishing import FinishedAttempt, finish_runs, save_outputs
from models.lifecycle.rescuing import LostRun, has_runs, take_runs_of
from models.words.states import Outcome, State

log = structlog.get_logger("worker")

EACH_SECONDS = 1.0

_UNSTARTED = "its worker was killed before the run started"
_STARTED = "its worker was killed while it ran"
_RAISED = "the attempt failed, and its worker was killed before it could write why"
_RETURNED = "[the attempt returned; its worker was killed before it could write the result and the output]"


class StillLocked(Exception):
    """Somebody has locked a row of the dead worker: its journal is needed once more."""


class Burial:
    """Looks now and then whether a worker on this machine has died, and ends what it has left."""

    def __init__(self, process: WorkerProcess) -> None:
        self._process = process
        self._at = 0.0

    def hold(self) -> int:
        """Bury whose journals nobody holds any more; how many workers that were.

        Raises sqlalchemy's errors; what is not done is done the next time, here or by a sibling.
        """
        journal = self._process.journal
        if journal is None or time.monotonic() < self._at:
            return 0
        self._at = time.monotonic() + EACH_SECONDS
        buried = 0
        for path in other_journals(journal.path, fingerprint(self._process.settings.database)):
            try:
                with dead_worker(path) as dead:
                    if dead is not None:
                        _bury(self._process.engine, dead)
                        buried += 1
            except StillLocked:
                log.warning("locked", worker=path.name)
        return buried


def _bury(engine: sa.Engine, dead: DeadWorker) -> None:
    with engine.begin() as connection:
        ends = [_end(run, dead) for run in take_runs_of(connection, dead.id)]
        ended: list[EndedRun] = []
        if ends:
            ended = finish_runs(connection, ends, dead.id)
            save_outputs(connection, [end for end in ends if end.has_output()])
            after_ends(connection, ended)
        locked = tally_outcomes(connection, ended)
        forget_worker(connection, dead.id)
    with engine.begin() as connection:
        tally_outcomes(connection, locked)  # once more: planning holds a schedule but for a moment
    log.warning("bury", worker=str(dead.id), runs=len(ended), started=sum(end.started_at is not None for end in ends))
    with engine.begin() as connection:
        if has_runs(connection, dead.id):
            raise StillLocked


def _end(run: LostRun, dead: DeadWorker) -> FinishedAttempt:
    note = dead.notes.get((run.id, run.attempt))
    if note is None:
        return _unstarted(run) if dead.is_complete else run.ended(Outcome.LOST, run.now, _STARTED, run.started_at)
    match note.noted:
        case Noted.RETURNED:
            return _returned(run, note)
        case Noted.RAISED:
            return run.ended(Outcome.FAILED, note.ended_at, _RAISED, note.started_at)
        case _:
            return run.ended(Outcome.LOST, run.now, _STARTED, note.started_at)


def _unstarted(run: LostRun) -> FinishedAttempt:
    """It goes back at once, and uses up no retry."""
    state = State.CANCELLED if run.is_to_cancel else State.RETRYING
    return FinishedAttempt.of(
        run, Outcome.INTERRUPTED, state, run.now, error_type="WorkerLost", error_message=_UNSTARTED
    )


def _returned(run: LostRun, note: Note) -> FinishedAttempt:
    """Its work is done: it is neither failed nor done again."""
    return FinishedAttempt.of(
        run, Outcome.SUCCEEDED, State.SUCCEEDED, note.ended_at, started_at=note.started_at, output=_RETURNED
    )
