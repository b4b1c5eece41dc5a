"""Progress: how far an attempt says that it is. Any of its threads may, as often as it likes: the last word counts."""

import json
import math
import mmap
import struct
import time
import zlib
from numbers import Integral
from typing import Any, NamedTuple

from actors.worker.running.clean import clean_text
from config.secrets import known_secrets

MAX_NOTE_CHARACTERS = 200

SHARED_BYTES = 8192
_SLOT_BYTES = SHARED_BYTES // 2
_SLOT = struct.Struct("<QII")
"""The number of a word, its length and its checksum; the word follows."""

Number = int | float


class Word(NamedTuple):
    """What was said: so much is done of so much, as of `at`, an instant of `time.monotonic`."""

    done: Number
    total: Number | None
    note: str | None
    eta_seconds: float | None
    at: float

    def as_json(self) -> dict[str, Any]:
        """It as people see it, without the instant, which is of this machine."""
        return {"done": self.done, "total": self.total, "note": self.note, "eta_seconds": self.eta_seconds}


class HowFar:
    """The last word of one attempt. A thread says it, another one reads it; neither waits."""

    def __init__(self) -> None:
        self._last: Word | None = None
        self._from: tuple[Number, float] | None = None

    def say(self, done: Any, total: Any, note: Any, began: tuple[Number, float] | None) -> None:
        """Take a word in the place of the one before. `began` is how much was done when; None for as this first word
        says. Raises TypeError and ValueError."""
        now = time.monotonic()
        done = _number(done, "done")
        total = None if total is None else _number(total, "total")
        if done < 0 or (total is not None and total <= 0):
            raise ValueError("progress is made from 0 on, of a total above 0")
        if self._from is None:
            self._from = began or (done, now)
        self._keep(Word(done, total, _checked_note(note), _eta_seconds(done, total, now, *self._from), now))

    def latest(self) -> Word | None:
        """The last word; None where nothing was said."""
        return self._last

    def _keep(self, word: Word) -> None:
        self._last = word


class WrittenHowFar(HowFar):
    """That of a process of its own, which leaves its words in memory that it shares with its worker.

    They go to two places by turns, so that one is whole whenever the process is killed.
    """

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._memory = mmap.mmap(descriptor, SHARED_BYTES)
        self._number = 0

    def _keep(self, word: Word) -> None:
        data = json.dumps(word, ensure_ascii=False).encode()
        self._number += 1
        place = self._number % 2 * _SLOT_BYTES
        slot = _SLOT.pack(self._number, len(data), zlib.crc32(data)) + data
        self._memory[place : place + len(slot)] = slot


class PassedHowFar(HowFar):
    """That of a process of its own, as its worker has it. `descriptor` is of a file of SHARED_BYTES zeros."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._memory = mmap.mmap(descriptor, SHARED_BYTES)

    def latest(self) -> Word | None:
        """The last word that is whole; None where nothing was said."""
        found = [slot for slot in map(self._read, (0, _SLOT_BYTES)) if slot is not None]
        if found:
            self._last = max(found)[1]
        return self._last

    def _read(self, place: int) -> tuple[int, Word] | None:
        slot = self._memory[place : place + _SLOT_BYTES]
        number, length, checksum = _SLOT.unpack_from(slot)
        data = slot[_SLOT.size : _SLOT.size + length]
        return (number, Word(*json.loads(data))) if number and zlib.crc32(data) == checksum else None


def _number(value: Any, name: str) -> Number:
    if isinstance(value, bool | str | bytes) or not hasattr(value, "__float__"):
        raise TypeError(f"{name} must be a number, and is {type(value).__name__}")
    try:
        is_finite = math.isfinite(value)
    except OverflowError:  # an int that no float holds
        is_finite = False
    if not is_finite:
        raise ValueError(f"{name} must be a finite number")
    return int(value) if isinstance(value, Integral) else float(value)


def _checked_note(note: Any) -> str | None:
    if note is None:
        return None
    if not isinstance(note, str):
        raise TypeError(f"the note must be text, and is {type(note).__name__}")
    masked = clean_text(known_secrets().mask(note), len(note) * 2 + MAX_NOTE_CHARACTERS)
    return masked if len(masked) <= MAX_NOTE_CHARACTERS else f"{masked[: MAX_NOTE_CHARACTERS - 1]}…"


def _eta_seconds(done: Number, total: Number | None, now: float, first: Number, began: float) -> float | None:
    """How long the rest takes if it goes on as it went; None where nobody knows."""
    if total is None:
        return None
    if done >= total:
        return 0.0
    if done <= first or now <= began:
        return None
    try:
        seconds = (now - began) / float(done - first) * float(total - done)
    except (OverflowError, ZeroDivisionError):
        return None
    return round(seconds, 3) if math.isfinite(seconds) else None
