"""Text of which some was dropped: the parts that are left, and where each stands among all that was written. Pure.

Places are counted in bytes of UTF-8, and no part begins or ends within a character.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Part(NamedTuple):
    """Some of the text, and how many bytes of all that was written stand before it."""

    start: int
    data: bytes

    @property
    def end(self) -> int:
        """How many bytes stand before what follows it."""
        return self.start + len(self.data)


class Joined(NamedTuple):
    """Parts as one text, with a mark for what is missing between them.

    `until` is how many bytes had been written up to its end. `gaps` has, for each mark, the byte of the text at which
    it stands and how many bytes it stands for, one after the other.
    """

    text: str
    until: int
    gaps: tuple[int, ...] = ()


NOTHING = Joined("", 0)


def join(parts: Iterable[Part], after: int = 0) -> Joined:
    """What parts have after so many bytes of all that was written. What two of them have counts once."""
    joined = bytearray()
    gaps: list[int] = []
    until = after
    for start, data in sorted(parts):
        if start > until:
            gaps += (len(joined), start - until)
            joined += _mark(start - until)
            until = start
        if start + len(data) > until:
            rest = data[until - start :]
            joined += rest[whole_from(rest) :]
            until = start + len(data)
    return Joined(joined.decode("utf-8", errors="replace"), until, tuple(gaps))


def take_apart(text: str, gaps: Sequence[int] | None) -> list[Part]:
    """The parts that `join` had made this of. Without the gaps it is one part, marks and all."""
    data = text.encode()
    parts: list[Part] = []
    taken = start = 0
    for at, dropped in zip(gaps[::2], gaps[1::2], strict=True) if gaps else ():
        parts.append(Part(start, data[taken:at]))
        start += at - taken + dropped
        taken = at + len(_mark(dropped))
    return [*parts, Part(start, data[taken:])]


def whole_until(data: bytes) -> int:
    """Where to cut so that no UTF-8 character at the end is kept in part."""
    for back in range(1, min(4, len(data) + 1)):
        byte = data[-back]
        if byte & 0b1100_0000 != 0b1000_0000:
            length = 4 if byte >= 0b1111_0000 else 3 if byte >= 0b1110_0000 else 2 if byte >= 0b1100_0000 else 1
            return len(data) - back if length > back else len(data)
    return len(data)


def whole_from(data: bytes) -> int:
    """Where to begin so that no UTF-8 character at the start is kept in part."""
    for start in range(min(4, len(data))):
        if data[start] & 0b1100_0000 != 0b1000_0000:
            return start
    return len(data) if len(data) < 4 else 0


def _mark(dropped: int) -> bytes:
    return f"\n[… {dropped} bytes dropped …]\n".encode()
