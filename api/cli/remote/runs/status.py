"""How far a run is: a line at the foot of a terminal, which goes before anything else is printed there."""

import os
import shutil
import sys
from collections.abc import Mapping
from typing import Any

from api.cli.details import as_text, printable
from api.cli.times import show_span

_CLEAR = "\r\033[K"


def say_progress(progress: Mapping[str, Any]) -> str:
    """It in words."""
    done, total = progress["done"], progress["total"]
    said = f"{as_text(done)} done" if total is None else f"{done / total:.0%}, {as_text(done)} of {as_text(total)}"
    if progress["note"]:
        said = f"{said}: {progress['note'].partition(chr(10))[0]}"
    if progress["eta_seconds"]:
        said = f"{said} ({show_span(progress['eta_seconds'])} to go)"
    return printable(said)


class StatusLine:
    """The line. Where nobody is at a terminal there is none."""

    def __init__(self) -> None:
        self._is_seen = sys.stderr.isatty() and os.environ.get("TERM") not in (None, "", "dumb", "unknown")
        self._text = ""

    def show(self, run: Mapping[str, Any]) -> None:
        """Say how far the run is, if it does and goes on."""
        progress = run.get("progress") if run["state"] == "running" else None
        self._write(say_progress(progress) if progress else "")

    def clear(self) -> None:
        """Make room for what is printed next."""
        self._write("")

    def close(self) -> None:
        """Leave nothing behind."""
        self._write("")

    def _write(self, text: str) -> None:
        text = text[: shutil.get_terminal_size().columns - 1]
        if self._is_seen and text != self._text:
            sys.stderr.write(_CLEAR + text)
            sys.stderr.flush()
            self._text = text
