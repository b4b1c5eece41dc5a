"""Pieces: an output as it grows, cut into parts of which the last is written again while it grows."""

from collections.abc import Sequence

from actors.worker.running.output import Output
from models.words.parts import Part, whole_until

PIECE_BYTES = 8192
"""Of so many bytes a part grows no more."""


class Pieces:
    """How much of one attempt's output has been written, and what is to be written next."""

    def __init__(self) -> None:
        self._written = 0
        self._growing = Part(0, b"")

    def unwritten(self, output: Output) -> list[Part]:
        """What to write now. Until it is noted as written, it is among what this says again."""
        growing, parts = self._growing, []
        for start, data in output.parts_after(self._written):
            if start != growing.end:
                growing = Part(start, b"")
            taken = 0
            while taken < len(data):
                room = max(0, PIECE_BYTES - len(growing.data))
                more = data[taken : taken + whole_until(data[taken : taken + room])]
                if more:
                    growing = Part(growing.start, growing.data + more)
                    taken += len(more)
                if not more or taken < len(data):  # it is full
                    parts += [growing] if more else []
                    growing = Part(growing.end, b"")
            parts.append(growing)
        return parts

    def note_written(self, parts: Sequence[Part]) -> None:
        """These are there."""
        if parts:
            self._growing = parts[-1]
            self._written = parts[-1].end
