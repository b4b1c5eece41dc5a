"""What a command knows of where it runs: how to show things, and whether somebody is there to be asked."""

import os
import sys
from dataclasses import dataclass
from typing import IO

import click

from api.cli.details import printable
from api.cli.failures import USAGE, Failure


@dataclass
class Shell:
    """The options that all commands share."""

    output: str = "table"
    time: str | None = None
    color: str = "auto"
    url: str | None = None
    profile: str | None = None

    @property
    def shown_time(self) -> str:
        """How tables show instants: for people relative, for programs exact."""
        return self.time or ("relative" if sys.stdout.isatty() else "utc")

    def is_coloured(self, stream: IO[str] | None = None) -> bool:
        """Whether to colour what goes to a stream, stdout if none is given."""
        if self.color != "auto":
            return self.color == "always"
        if os.environ.get("NO_COLOR"):
            return False
        if os.environ.get("CLICOLOR_FORCE", "0") not in ("", "0"):
            return True
        return (stream or sys.stdout).isatty() and os.environ.get("TERM") != "dumb"

    def say(self, message: str) -> None:
        """Talk: not what was asked for, so not on stdout."""
        print(printable(message), file=sys.stderr, flush=True)

    def confirm(self, question: str, option: str = "--yes") -> None:
        """Go on only if somebody says yes. Without a terminal there is nobody to ask: then the option must."""
        if not can_ask():
            raise Failure(f"{question} Without a terminal nobody can be asked: say {option}.", USAGE)
        if not click.confirm(question, err=True):
            raise Failure("nothing was done")


def can_ask() -> bool:
    """Whether somebody is at a terminal."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def can_redraw() -> bool:
    """Whether what was printed can be printed over."""
    return sys.stdout.isatty() and os.environ.get("TERM") not in (None, "", "dumb", "unknown")
