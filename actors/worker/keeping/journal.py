"""The journal: which runs of this process have started and which are done, in a file that outlives its killing.

The file is mapped into memory, so a note costs no system call, and what was noted is there after SIGKILL, a
segmentation fault or the out-of-memory killer: the kernel has the page. The process holds a lock on it for its life.
Whoever gets that lock, a sibling a moment later or the next process on this machine, knows for certain that the process
is dead, what it had begun, and what it had decided. Where the machine or its disk is gone too, the lease decides.
"""

import fcntl
import mmap
import os
import struct
import tempfile
import weakref
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import IntEnum
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from config.sections import Worker
from models.lifecycle.finishing import FinishedAttempt
from models.words.states import Outcome, State

Key = tuple[UUID, int]
"""A run and its attempt."""

ENTRIES = 4096
_MAGIC = b"journal1"
_HEADER = struct.Struct("<8s16s?")
_HEADER_BYTES = 64
_IS_FULL = 24
_ENTRY = struct.Struct("<BBB?I16sddf")
_HOW, _HOW_AT = struct.Struct("<BB?"), 1
_WHEN, _WHEN_AT = struct.Struct("<df"), 32
_UNFINISHED = ".new"

# Their order is the file's format: what comes later goes to the end.
_OUTCOMES = [
    Outcome.SUCCEEDED,
    Outcome.FAILED,
    Outcome.TIMED_OUT,
    Outcome.LOST,
    Outcome.INTERRUPTED,
    Outcome.CANCELLED,
]
_STATES = [State.SUCCEEDED, State.FAILED, State.RETRYING, State.CANCELLED]


class _Noted(IntEnum):
    """How far an attempt has come."""

    NOTHING = 0
    STARTED = 1
    ENDED = 2


class Ending(NamedTuple):
    """What was decided of an attempt that had ended."""

    outcome: Outcome
    state: State
    at: datetime
    counts: bool
    delay_seconds: float


@dataclass(frozen=True)
class Note:
    """An attempt that had started, and its end if it had one; instants are by the database's clock."""

    started_at: datetime
    ending: Ending | None = None


@dataclass
class DeadWorker:
    """A worker process that is gone, and what it had begun.

    `is_complete` is False where there was no room for all of it, or some of it can't be read: then anything may have
    started.
    """

    id: UUID
    notes: dict[Key, Note] = field(default_factory=dict)
    is_complete: bool = True


class Journal:
    """The journal of this process, in a folder of its machine. Who notes takes turns."""

    def __init__(self, folder: Path, prefix: str, worker: UUID) -> None:
        """Raises OSError where the folder is not this user's alone, or can't be written to, or has no room."""
        _own(folder)
        self._path = folder / f"{prefix}-{worker}"
        unfinished = self._path.with_name(self._path.name + _UNFINISHED)
        self._file = os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            self._map = _lock_and_map(self._file)
            _HEADER.pack_into(self._map, 0, _MAGIC, worker.bytes, False)
            unfinished.rename(self._path)  # only now may others look at it
        except OSError:
            unfinished.unlink()
            os.close(self._file)
            raise
        self._free = list(range(ENTRIES - 1, -1, -1))
        self._places: dict[Key, int] = {}
        self._without_place: set[Key] = set()
        _let_go_in_children(self)

    @property
    def path(self) -> Path:
        """Where it is."""
        return self._path

    def start(self, key: Key, at: datetime) -> None:
        """The attempt starts: noted before its first line."""
        if not self._free:
            self._without_place.add(key)
            self._map[_IS_FULL] = True
            return
        place = self._places[key] = _HEADER_BYTES + self._free.pop() * _ENTRY.size
        _ENTRY.pack_into(self._map, place, _Noted.NOTHING, 0, 0, False, key[1], key[0].bytes, at.timestamp(), 0, 0)
        self._map[place] = _Noted.STARTED  # last: a note that was cut off is none

    def end(self, end: FinishedAttempt) -> None:
        """The attempt is done; its end is still to be written to the database."""
        if (place := self._places.get((end.id, end.attempt))) is not None:
            how = _OUTCOMES.index(end.outcome), _STATES.index(end.state), end.counts
            _HOW.pack_into(self._map, place + _HOW_AT, *how)
            _WHEN.pack_into(self._map, place + _WHEN_AT, end.finished_at.timestamp(), end.delay_seconds)
            self._map[place] = _Noted.ENDED

    def forget(self, keys: Iterable[Key]) -> None:
        """The database knows what became of these."""
        for key in keys:
            if (place := self._places.pop(key, None)) is not None:
                self._map[place] = _Noted.NOTHING
                self._free.append((place - _HEADER_BYTES) // _ENTRY.size)
            elif self._without_place:
                self._without_place.discard(key)
                self._map[_IS_FULL] = bool(self._without_place)

    def touch(self) -> None:
        """It is in use: whatever tidies up old files would not know."""
        with suppress(OSError):
            os.utime(self._file)

    def close(self, *, is_settled: bool) -> None:
        """The process ends. Where the database does not know all, somebody else is to read on."""
        if is_settled:
            self._path.unlink(missing_ok=True)
        self.let_go()

    def let_go(self) -> None:
        """Close the file. A child that is forked has it from its parent, whose death it must not hide."""
        if not self._map.closed:
            self._map.close()
            os.close(self._file)


@contextmanager
def dead_worker(path: Path) -> Iterator[DeadWorker | None]:
    """What a journal says of its process, if that is dead; None while it lives, or somebody else is at it.

    Nobody else is while inside. What is no journal is taken away. Raises OSError where it can't be read.
    """
    try:
        file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        yield None
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        yield None
    else:
        dead = _read(os.read(file, _HEADER_BYTES + ENTRIES * _ENTRY.size))
        if dead is None:
            path.unlink(missing_ok=True)
        yield dead
    finally:
        os.close(file)


def other_journals(own: Path, prefix: str) -> list[Path]:
    """The journals beside this process's own that belong to the same database."""
    return [path for path in own.parent.glob(f"{prefix}-*") if path != own and path.suffix != _UNFINISHED]


def journal_folder(worker: Worker) -> Path:
    """The setting, or a folder of this user's own among the temporary ones of the machine."""
    return Path(worker.journal_folder or Path(tempfile.gettempdir()) / f"callsheet-{os.geteuid()}")


def _read(data: bytes) -> DeadWorker | None:
    if len(data) < _HEADER_BYTES or data[: len(_MAGIC)] != _MAGIC:
        return None
    _, worker, is_full = _HEADER.unpack_from(data)
    dead = DeadWorker(UUID(bytes=worker), is_complete=not is_full)
    for place in range(_HEADER_BYTES, len(data) - _ENTRY.size + 1, _ENTRY.size):
        if data[place]:
            try:
                key, note = _read_note(data, place)
            except (ValueError, IndexError, OverflowError, OSError):  # of another version, or damaged
                dead.is_complete = False
            else:
                dead.notes[key] = note
    return dead


def _read_note(data: bytes, place: int) -> tuple[Key, Note]:
    noted, outcome, state, counts, attempt, run, started, ended, delay = _ENTRY.unpack_from(data, place)
    ending = None
    if _Noted(noted) is _Noted.ENDED:
        ending = Ending(_OUTCOMES[outcome], _STATES[state], _instant(ended), counts, delay)
    return (UUID(bytes=run), attempt), Note(_instant(started), ending)


def _instant(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _lock_and_map(file: int) -> mmap.mmap:
    """The lock is the open file's: whoever else in this process opens and closes it, as a copy of the folder does,
    changes nothing. The room is taken at once: on a full disk a write to the map would kill the process."""
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.posix_fallocate(file, 0, _HEADER_BYTES + ENTRIES * _ENTRY.size)
    return mmap.mmap(file, 0)


def _let_go_in_children(journal: Journal) -> None:
    of_parent = weakref.ref(journal)

    def let_go() -> None:
        if (journal := of_parent()) is not None:
            journal.let_go()

    os.register_at_fork(after_in_child=let_go)


def _own(folder: Path) -> None:
    """Make the folder; other users must not be able to say who is dead."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = folder.lstat()
    if status.st_uid != os.geteuid() or status.st_mode & 0o077:
        raise PermissionError(f"{folder} must belong to this user alone")
