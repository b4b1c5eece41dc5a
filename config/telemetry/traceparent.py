"""W3C's `traceparent`: which trace something belongs to, and below which span of it. Pure."""

import re
from typing import NamedTuple, Self
from uuid import UUID

NAME = "traceparent"
"""What it is called, as a header and as an option of a message."""

_FORM = re.compile(r"([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_KNOWN_FLAGS = 3
_SAMPLED = 1


class Parent(NamedTuple):
    """A span by its ids, and what was decided of its trace."""

    trace_id: str
    span_id: str
    flags: int

    @property
    def is_sampled(self) -> bool:
        """Whether those who made it keep the trace."""
        return bool(self.flags & _SAMPLED)

    @classmethod
    def read(cls, text: object) -> Self | None:
        """What a traceparent says, of a later version as far as this one knows it; None for what is none."""
        found = _FORM.fullmatch(text) if isinstance(text, str) else None
        if found is None or found[1] == "ff" or (found[1] == "00" and found[5] is not None):
            return None
        return cls(found[2], found[3], int(found[4], 16) & _KNOWN_FLAGS)

    def __str__(self) -> str:
        return f"00-{self.trace_id}-{self.span_id}-{self.flags:02x}"


def own_trace(run: UUID) -> str:
    """The trace that a run begins where nothing else says which: called as the run is, below a span that is called by
    the second half of that."""
    id_ = run.hex
    return f"00-{id_}-{id_[16:]}-01"


def trace_id_of(run: UUID, trace: str | None) -> str:
    """The id of the trace that a run with this `trace` belongs to."""
    parent = Parent.read(trace)
    return run.hex if parent is None else parent.trace_id
