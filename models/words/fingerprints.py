"""Fingerprints of failures: errors are the same where actor, type and message are, but for what varies in messages."""

import hashlib
import re
from typing import NamedTuple

READ_CHARACTERS = 500
"""So much of a message is looked at."""

MESSAGE_CHARACTERS = 300
NAME_CHARACTERS = 200
"""How long the parts of a kind are at most, whatever people call their actors and errors."""

OTHERS = "(others)"
"""Stands for the message, or for type and message, where an actor's failures are of too many kinds."""


class Kind(NamedTuple):
    """A kind of failures."""

    actor: str
    error_type: str
    message: str

    @property
    def fingerprint(self) -> str:
        """Short, and the same in every process."""
        return hashlib.sha256("\0".join(self).encode(errors="replace")).hexdigest()[:32]

    def wider(self) -> tuple["Kind", "Kind"]:
        """What it is counted as where there are too many: all of its type, and all of its actor."""
        return self._replace(message=OTHERS), self._replace(error_type=OTHERS, message=OTHERS)


_VARYING = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # What is quoted. Apostrophes within words open and close nothing.
        r"(?<!\w)[bru]{0,2}(['\"`]).{0,400}?\1(?!\w)",
        "\u2018[^\u2019]*\u2019|“[^”]*”|«[^»]*»",
        r"\b[a-z][a-z0-9+.-]{1,20}://[^\s<>]+",
        r"[^\s@<>#]{1,64}@[^\s@<>#]+",
        r"(?<![^\W_])[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}(?![^\W_])",
        r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?(?:[.,]\d+)?(?: ?Z\b| ?[+-]\d\d:?\d\d\b)?",
        # An address of IPv6, or a time.
        r"(?<![\w:])(?=[0-9a-f:]*\d)(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?![\w:])",
        r"\b0x[0-9a-f]+\b",
        # Letters and digits that are hardly a word: ids, hashes, names of temporary files.
        r"(?<![^\W_])(?=[^\W\d_]*\d)(?=\d*[^\W\d_])(?:[^\W_]{8,}|[0-9a-f]{6,})(?![^\W_])",
        r"(?<![^\W_])[^\W\d_]*\d+[^\W\d_]+\d[^\W_]*(?![^\W_])",
        r"(?<![\w#])[-+]?\d+(?:[.,:_]\d+)*(?:e[-+]?\d+\b)?|\d+(?:[.,:_]\d+)*",
    )
)
_LIST = re.compile(r"#(?:[\s,;:/.T-]{0,3}#)+")


def kind_of(actor: str, error_type: str | None, message: str | None) -> Kind:
    """The kind of a failure. `#` stands for what varies: numbers, ids, addresses, what is quoted, lists of these."""
    return Kind(actor[:NAME_CHARACTERS], (error_type or "")[:NAME_CHARACTERS], _without_what_varies(message or ""))


def _without_what_varies(message: str) -> str:
    text = " ".join(message[:READ_CHARACTERS].split())
    for varying in _VARYING:
        text = varying.sub("#", text)
    return _LIST.sub("#", text)[:MESSAGE_CHARACTERS]
