"""Checkpoints: what an attempt leaves for the next one, should there be one."""

import json
import os
from pathlib import Path
from typing import Any

from models.words.text import MAX_DEPTH, is_deep, is_storable, texts_in

MAX_CHECKPOINT_BYTES = 65536


class Checkpoints:
    """The latest checkpoint of one attempt, as JSON text. A thread leaves it, another one stores it."""

    def __init__(self) -> None:
        self._left: str | None = None
        self._saved: str | None = None

    def leave(self, data: Any) -> None:
        """Put it in the place of the one before. Raises TypeError and ValueError for what is no JSON, or too much."""
        self._left = _text_of(data)

    def unsaved(self) -> str | None:
        """The latest one, None where it is stored or there is none."""
        return None if self._left == self._saved else self._left

    def note_saved(self, text: str) -> None:
        """This one is stored."""
        self._saved = text


class WrittenCheckpoints(Checkpoints):
    """Those of a process of its own: it writes a file, of which its worker reads whatever is whole."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def leave(self, data: Any) -> None:
        """In the place of the file before, as a whole."""
        beside = self._path.with_suffix(".new")
        beside.write_text(_text_of(data), encoding="utf-8")
        os.replace(beside, self._path)

    def read(self) -> str | None:
        """What the process has left; None for nothing."""
        try:
            return self._path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None


class PassedCheckpoints(Checkpoints):
    """Those of a process of its own, as its worker has them."""

    def __init__(self, written: WrittenCheckpoints) -> None:
        super().__init__()
        self._written = written

    def unsaved(self) -> str | None:
        """The latest one, None where it is stored or there is none."""
        self._left = self._written.read() or self._left
        return super().unsaved()


def _text_of(data: Any) -> str:
    if is_deep(data):
        raise ValueError(f"a checkpoint is nested {MAX_DEPTH} levels deep at most")
    text = json.dumps(data, allow_nan=False, ensure_ascii=False)
    if not all(map(is_storable, texts_in(data))):
        raise ValueError("a checkpoint has no NUL and no lone surrogates")
    if len(text.encode()) > MAX_CHECKPOINT_BYTES:
        raise ValueError(
            f"a checkpoint has {MAX_CHECKPOINT_BYTES} bytes of JSON at most, this has {len(text.encode())}"
        )
    return text
