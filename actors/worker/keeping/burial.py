"""Burial: what becomes of the runs of a worker process that is certainly dead, by its journal."""

import time
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
import structlog

from actors.worker.keeping.journal import DeadWorker, Ending, dead_worker, other_journals
from actors.worker.keeping.process import WorkerProcess
from config.database import fingerprint
from config.uptime import uptime
from models.announcing import forget_worker
from models.lifecycle.ended import EndedRun, after_ends, tally_outcomes
from models.lifecycle.finishing import FinishedAttempt, finish_runs, save_outputs
from models.lifecycle.rescuing import LostRun, has_runs, take_runs_of
from models.live.settling import with_shown
from models.live.showing import hide_runs
from models.statistics.counts import of_attempts
from models.words.states import Outcome, State

log = structlog.get_logger("worker")

EACH_SECONDS = 1.0
CLAIM_SECONDS = 5.0
"""How long a claim that was under way when its worker died may take to show, beyond the longest of all statements."""

_UNSTARTED = "its worker was killed before the run started"
_STARTED = "its worker was killed while it ran"
_ENDED = "the attempt ended, and its worker was killed before it could write how"
_RETURNED = "[the attempt returned; its worker was killed before it could write the result and the output]"


class Burial:
    """Looks now and then whether a worker on this machine has died, and ends what it has left."""

    def __init__(self, process: WorkerProcess) -> None:
        self._process = process
        self._at = 0.0
        self._found: dict[Path, float] = {}
        """When each journal of a dead worker was first looked at."""
        self._forgotten: set[Path] = set()
        self._untallied: list[EndedRun] = []

    def hold(self) -> None:
        """Bury whose journals nobody holds any more. What fails is tried again, here or by a sibling, and is no reason
        to leave out the next."""
        journal = self._process.journal
        if journal is None or time.monotonic() < self._at:
            return
        self._at = time.monotonic() + EACH_SECONDS
        if self._untallied:
            with self._process.engine.begin() as connection:
                self._untallied = tally_outcomes(connection, self._untallied)
        paths = other_journals(journal.path, fingerprint(self._process.settings.database))
        self._found = {path: since for path, since in self._found.items() if path in paths}
        self._forgotten.intersection_update(paths)
        for path in paths:
            try:
                with dead_worker(path) as dead:
                    if dead is not None:
                        self._bury(path, dead)
            except (sa.exc.SQLAlchemyError, OSError) as error:
                log.warning("bury", journal=path.name, error=str(error).strip())

    def _bury(self, path: Path, dead: DeadWorker) -> None:
        """The journal stays until no claim of the dead worker can still be on its way."""
        if path not in self._found:
            log.warning("dead", worker=str(dead.id))
        since = self._found.setdefault(path, uptime())
        with self._process.engine.begin() as connection:
            is_needed = has_runs(connection, dead.id)
        if is_needed:
            self._untallied += _end_runs(self._process, dead)
        elif uptime() - since >= self._process.settings.database.statement_timeout_seconds + CLAIM_SECONDS:
            path.unlink(missing_ok=True)
        if path not in self._forgotten:
            with self._process.engine.begin() as connection:
                forget_worker(connection, dead.id)
            self._forgotten.add(path)


def _end_runs(process: WorkerProcess, dead: DeadWorker) -> list[EndedRun]:
    """End what it had; what somebody has locked is left for the next look. Returns what is still to be counted."""
    with process.engine.begin() as connection:
        ends = with_shown(connection, [_end(run, dead) for run in take_runs_of(connection, dead.id)])
        ended: list[EndedRun] = []
        if ends:
            ended = finish_runs(connection, ends, dead.id)
            save_outputs(connection, [end for end in ends if end.has_output()])
            hide_runs(connection, [(end.id, end.attempt) for end in ends])
            after_ends(connection, ended)
        untallied = tally_outcomes(connection, ended)
    if ended:
        process.statistics.count(of_attempts(ends, ended))
        started = sum(end.started_at is not None for end in ends)
        log.warning("bury", worker=str(dead.id), runs=len(ended), started=started)
    return untallied


def _end(run: LostRun, dead: DeadWorker) -> FinishedAttempt:
    """A start that the row shows and no note does has ended too: the row is of a database that went back since then."""
    note = dead.notes.get((run.id, run.attempt))
    if note is not None:
        if note.ending is not None:
            return _decided(run, note.started_at, note.ending)
        return run.ended(Outcome.LOST, run.now, _STARTED, note.started_at)
    if dead.is_complete and run.started_at is None:
        return _unstarted(run)
    return run.ended(Outcome.LOST, run.now, _STARTED, run.started_at)


def _unstarted(run: LostRun) -> FinishedAttempt:
    """It goes back at once, and uses up no retry."""
    state = State.CANCELLED if run.is_to_cancel else State.RETRYING
    return FinishedAttempt.of(
        run, Outcome.INTERRUPTED, state, run.now, error_type="WorkerLost", error_message=_UNSTARTED
    )


def _decided(run: LostRun, started_at: datetime, ending: Ending) -> FinishedAttempt:
    """What its worker had decided holds: finished work is neither failed nor done again."""
    is_success = ending.outcome is Outcome.SUCCEEDED
    return FinishedAttempt.of(
        run,
        ending.outcome,
        ending.state,
        ending.at,
        started_at=started_at,
        counts=ending.counts,
        delay_seconds=ending.delay_seconds,
        error_type=None if is_success else "WorkerLost",
        error_message=None if is_success else _ENDED,
        output=_RETURNED if is_success else None,
    )
