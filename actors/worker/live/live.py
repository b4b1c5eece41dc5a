"""Live: each second, in one statement for the whole process, what its runs have printed and how far they are.

It is the keeper's work, so nothing of a run is shown once its end is written. What could not be written is what comes
next; of much there is the head and the tail, as of any output.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import sqlalchemy as sa
import structlog

from actors.worker.live.pieces import Pieces
from actors.worker.running.current import CurrentRun
from actors.worker.running.progress import Word
from models.live.showing import Key, Shown, show_runs

log = structlog.get_logger("worker")

EACH_SECONDS = 0.7
"""With the keeper's own steps nothing that people see is older than a second."""

SHORT_SECONDS = 1.0
"""Runs that end within this time show nothing before their end."""


@dataclass
class _Seen:
    """What people can see of an attempt."""

    pieces: Pieces = field(default_factory=Pieces)
    word: Word | None = None


class Live:
    """What the runs of a process show. `shown` gets the attempts of which there may be rows."""

    def __init__(
        self, engine: sa.Engine, worker: UUID, running: Callable[[], Sequence[CurrentRun]], shown: set[Key]
    ) -> None:
        self._engine = engine
        self._worker = worker
        self._running = running
        self._shown = shown
        self._at = 0.0
        self._seen: dict[Key, _Seen] = {}

    def show(self) -> None:
        """Let people see what is new, if it is time. What fails is made up for by the next time, and holds up nothing
        else."""
        now = time.monotonic()
        if now - self._at < EACH_SECONDS:
            return
        self._at = now
        try:
            self._show(now)
        except sa.exc.SQLAlchemyError as error:
            log.warning("show", error=str(error).strip().partition("\n")[0])
        except Exception:
            log.exception("show")

    def _show(self, now: float) -> None:
        runs = {(run.run_id, run.attempt): run for run in self._running() if now - run.started >= SHORT_SECONDS}
        self._seen = {key: self._seen.get(key) or _Seen() for key in runs}
        words = {key: run.how_far.latest() for key, run in runs.items()}
        news = [shown for key, run in runs.items() if (shown := self._news(key, run, words[key])) is not None]
        if not news:
            return
        self._shown.update(each.key for each in news)
        with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            show_runs(connection, news, self._worker)
        for each in news:
            self._seen[each.key].pieces.note_written(each.parts)
            self._seen[each.key].word = words[each.key]

    def _news(self, key: Key, run: CurrentRun, word: Word | None) -> Shown | None:
        seen = self._seen[key]
        dropped = run.output.dropped()  # before the parts: none that still grows is among what was dropped by now
        parts = seen.pieces.unwritten(run.output)
        is_said = word is not None and word != seen.word
        if not parts and not is_said:
            return None
        progress, age = (word.as_json(), time.monotonic() - word.at) if word is not None and is_said else (None, 0.0)
        return Shown(key, parts, dropped, progress, age)
