"""What a check has found."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Finding:
    """What is so; where that is no good, the command that mends it.

    A problem keeps callsheet from working, a note is worth a look.
    """

    check: str
    state: Literal["ok", "note", "problem"]
    found: str
    mend: str = ""


def ok(check: str, found: str) -> Finding:
    """All is well."""
    return Finding(check, "ok", found)


def note(check: str, found: str, mend: str) -> Finding:
    """Worth a look."""
    return Finding(check, "note", found, mend)


def problem(check: str, found: str, mend: str) -> Finding:
    """Something does not work."""
    return Finding(check, "problem", found, mend)
