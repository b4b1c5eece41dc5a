"""The journal: which runs of this process have started and which are done, in a file that outlives its killing.

The file is mapped into memory, so a note costs no system call, and what was noted is there after SIGKILL, a
segmentation fault or the out-of-memory killer: the kernel has the page. The process holds a lock on it for its life.
Whoever gets that lock, a sibling a moment later or the next process on this machine, knows for certain that the process
is dead, and what it had begun. Where the machine or its disk is gone too, the lease decides.
"""

import fcntl
import mmap
import os
import struct
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import IntEnum
from pathlib import Path
from uuid import UUID

from config.sections import Worker

Key = tuple[UUID, int]
"""A run and its attempt."""

ENTRIES = 4096
_MAGIC = b"journal1"
_HEADER = struct.Struct("<8s16s?")
_HEADER_BYTES = 64
_IS_FULL = 24
_ENTRY = struct.Struct("<B3xI16sdd")
_UNFINISHED = ".new"


class Noted(IntEnum):
    """How far an attempt has come."""

    NOTHING = 0
    STARTED = 1
    RETURNED = 2
    RAISED = 3


@dataclass(frozen=True)
class Note:
    """What is known of an attempt; instants are by the database's clock."""

    noted: Noted
    started_at: datetime
    ended_at: datetime


@dataclass
class DeadWorker:
    """A worker process that is gone, and what it had begun.

    `is_complete` is False where there was no room for all of it: then anything may have started.
    """

    id: UUID
    notes: dict[Key, Note] = field(default_factory=dict)
    is_complete: bool = True


class Journal:
    """The journal of this process, in a folder of its machine. Who notes takes turns."""

    def __init__(self, folder: Path, prefix: str, worker: UUID) -> None:
        """Raises OSError where the folder is not this user's alone, or can't be written to."""
        _own(folder)
        self._path = folder / f"{prefix}-{worker}"
        unfinished = self._path.with_name(self._path.name + _UNFINISHED)
        self._file = os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(self._file, _HEADER_BYTES + ENTRIES * _ENTRY.size)
        self._map = mmap.mmap(self._file, 0)
        _HEADER.pack_into(self._map, 0, _MAGIC, worker.bytes, False)
        self._free = list(range(ENTRIES - 1, -1, -1))
        self._places: dict[Key, int] = {}
        unfinished.rename(self._path)  # only now may others look at it

    @property
    def path(self) -> Path:
        """Where it is."""
        return self._path

    def start(self, key: Key, at: datetime) -> None:
        """The attempt starts: noted before its first line."""
        if not self._free:
            self._map[_IS_FULL] = True
            return
        place = self._places[key] = _HEADER_BYTES + self._free.pop() * _ENTRY.size
        _ENTRY.pack_into(self._map, place, Noted.NOTHING, key[1], key[0].bytes, at.timestamp(), 0)
        self._map[place] = Noted.STARTED  # last: a note that was cut off is none

    def end(self, key: Key, at: datetime, *, returned: bool) -> None:
        """The attempt is done; its end is still to be written to the database."""
        if (place := self._places.get(key)) is not None:
            struct.pack_into("<d", self._map, place + _ENTRY.size - 8, at.timestamp())
            self._map[place] = Noted.RETURNED if returned else Noted.RAISED

    def forget(self, keys: Iterable[Key]) -> None:
        """The database knows what became of these."""
        for key in keys:
            if (place := self._places.pop(key, None)) is not None:
                self._map[place] = Noted.NOTHING
                self._free.append((place - _HEADER_BYTES) // _ENTRY.size)

    def close(self, *, is_settled: bool) -> None:
        """The process ends. Where the database does not know all, somebody else is to read on."""
        if is_settled:
            self._path.unlink(missing_ok=True)
        self._map.close()
        os.close(self._file)


@contextmanager
def dead_worker(path: Path) -> Iterator[DeadWorker | None]:
    """What a journal says of its process, if that is dead; None while it lives, or somebody else is at it.

    Nobody else is while inside; the journal is gone afterwards, unless something was raised.
    """
    try:
        file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        yield None
        return
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        yield None
    else:
        yield _read(os.read(file, _HEADER_BYTES + ENTRIES * _ENTRY.size))
        path.unlink(missing_ok=True)
    finally:
        os.close(file)


def other_journals(own: Path, prefix: str) -> list[Path]:
    """The journals beside this process's own that belong to the same database. Its own must not even be opened: closing
    it again would give its lock away."""
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
        noted, attempt, run, started, ended = _ENTRY.unpack_from(data, place)
        if noted:
            note = Note(Noted(noted), _instant(started), _instant(ended))
            dead.notes[UUID(bytes=run), attempt] = note
    return dead


def _instant(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _own(folder: Path) -> None:
    """Make the folder; other users must not be able to say who is dead."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = folder.lstat()
    if status.st_uid != os.geteuid() or status.st_mode & 0o077:
        raise PermissionError(f"{folder} must belong to this user alone")
