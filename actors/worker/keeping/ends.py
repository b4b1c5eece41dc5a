"""Ends: what became of attempts, on its way from worker threads to the database."""

import queue
import time
from collections.abc import Callable, Sequence

import sqlalchemy as sa
import structlog

from actors.worker.keeping.journal import Key
from actors.worker.keeping.process import WorkerProcess
from config.database import TRANSIENT
from models.lifecycle.ended import EndedRun, after_ends, tally_outcomes
from models.lifecycle.finishing import FinishedAttempt, finish_runs, save_outputs
from models.lifecycle.leasing import find_own, save_checkpoints
from models.live.settling import with_shown
from models.live.showing import hide_runs
from models.sql.locks import is_locked
from models.statistics.counts import of_attempts
from models.words.states import Outcome, State

log = structlog.get_logger("worker")

GROUP = 500
LINGER_SECONDS = 0.02
"""How long the first end of a group waits for others."""

LOCKED_SECONDS = 1.0
"""How soon rows that others have locked are tried again."""


class Ends:
    """Collects ends and writes them in groups, as many at once as went well last time."""

    def __init__(self, process: WorkerProcess) -> None:
        self._process = process
        self._unwritten: list[FinishedAttempt] = []
        self._locked: list[FinishedAttempt] = []
        self._locked_until = 0.0
        self._untallied: list[EndedRun] = []
        self._tally_at = 0.0
        self._group = GROUP

    def __len__(self) -> int:
        """How many are still to be written, or to be counted."""
        return len(self._unwritten) + len(self._locked) + self._process.ends.qsize() + len(self._untallied)

    def collect(self, seconds: float, linger: Callable[[float], object]) -> None:
        """Take in what has ended, waiting for a first one up to `seconds`."""
        try:
            if not self._unwritten:
                self._unwritten.append(self._process.ends.get(timeout=seconds))
                linger(LINGER_SECONDS)
            while len(self._unwritten) < GROUP:
                self._unwritten.append(self._process.ends.get_nowait())
        except queue.Empty:
            pass

    def write(self) -> None:
        """Write what has been collected; an end that can't be stored is replaced. Raises sqlalchemy's errors.

        What others have locked waits apart, and is tried again in a while.
        """
        if self._locked and time.monotonic() >= self._locked_until:
            self._unwritten += self._locked
            self._locked = []
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
        try:
            written, locked = self._finish(ends)
        except TRANSIENT as error:
            if not is_locked(error):
                raise
            written, locked = self._finish(ends, free_only=True)
        if locked:
            self._locked += [end for end in ends if _key(end) in locked]
            self._locked_until = time.monotonic() + LOCKED_SECONDS
        keys = [_key(end) for end in ends]
        self._process.held.forget([key for key in keys if key not in locked] if locked else keys)
        if written:
            self._process.statistics.count(of_attempts(ends, written))
            log.info("finish", runs=len(written))
        if len(written) + len(locked) < len(ends):
            log.warning("superseded", runs=[str(id_) for id_, _ in set(keys) - locked - set(map(_key, written))])

    def _finish(self, ends: Sequence[FinishedAttempt], *, free_only: bool = False) -> tuple[list[EndedRun], set[Key]]:
        """What was written, and what is still ours and could not be: somebody has locked it."""
        shown = self._process.shown.intersection(map(_key, ends)) if self._process.shown else set()
        with self._process.engine.begin() as connection:
            if shown:
                ends = _with_output(connection, ends, shown)
            left = {_key(end): end.checkpoint for end in ends if end.checkpoint is not None}
            save_checkpoints(connection, left, self._process.id, free_only=free_only)
            written = finish_runs(connection, ends, self._process.id, free_only=free_only)
            missing = set(map(_key, ends)) - set(map(_key, written)) if len(written) < len(ends) else set()
            save_outputs(connection, [end for end in ends if end.has_output() and _key(end) not in missing])
            if shown:
                hide_runs(connection, shown.intersection(map(_key, written)))
            after_ends(connection, written)
            untallied = tally_outcomes(connection, written)
            locked = find_own(connection, missing, self._process.id) if missing else set()
        self._untallied += untallied
        self._process.shown -= shown - locked
        if locked:
            log.warning("locked", runs=[str(id_) for id_, _ in locked])
        return written, locked

    def tally(self) -> None:
        """Count what could not be counted with its end, as its schedule was locked. Raises sqlalchemy's errors."""
        if self._untallied and time.monotonic() >= self._tally_at:
            self._tally_at = time.monotonic() + LOCKED_SECONDS
            with self._process.engine.begin() as connection:
                self._untallied = tally_outcomes(connection, self._untallied)


def _key(of: FinishedAttempt | EndedRun) -> Key:
    return of.id, of.attempt


def _with_output(connection: sa.Connection, ends: Sequence[FinishedAttempt], shown: set[Key]) -> list[FinishedAttempt]:
    """Ends that have lost their output on the way, such as one that could not be stored, have what was shown of it."""
    lacking = [end for end in ends if end.output is None and _key(end) in shown]
    found = {_key(end): end for end in with_shown(connection, lacking)}
    return [found.get(_key(end), end) for end in ends]


def _unstorable(end: FinishedAttempt, error: Exception) -> FinishedAttempt:
    return FinishedAttempt.of(
        end,
        Outcome.FAILED,
        State.FAILED,
        end.finished_at,
        started_at=end.started_at,
        error_type="ResultNotStored",
        error_message=f"the attempt {end.outcome.value}, but PostgreSQL refused its result: {type(error).__name__}",
    )
