"""What a run prints, bounded: the head and the tail, and how much was dropped between them."""

import threading
from collections import deque

from config.secrets import known_secrets
from models.words.parts import NOTHING, Joined, Part, join, whole_from, whole_until


class Output:
    """A sink of bytes that keeps `limit` bytes at most: half from the head, half from the tail. Safe for threads.

    Secrets are masked as they come in, also where two writes or the bound would cut one in two. What is kept is UTF-8
    that PostgreSQL can hold, so that a place in it stays the same whoever counts.
    """

    def __init__(self, limit: int) -> None:
        self._secrets = known_secrets()
        self._held_back = b""  # may be the beginning of a secret
        self._unfinished = b""  # the beginning of a character
        self._head_limit = limit - limit // 2
        self._tail_limit = limit // 2
        self._head = bytearray()
        self._tail: deque[bytes] = deque()
        self._tail_size = 0
        self._dropped = 0
        self._lock = threading.Lock()

    def write(self, data: bytes | str) -> None:
        """Take in more output; text is encoded as UTF-8."""
        if isinstance(data, str):
            data = data.encode("utf-8", errors="replace")
        with self._lock:
            if self._secrets.longest:
                masked = self._secrets.mask_bytes(self._held_back + data)
                whole = max(0, len(masked) - self._secrets.longest + 1)
                data, self._held_back = masked[:whole], masked[whole:]
            self._keep(data)

    def cut(self, remark: str) -> None:
        """Note that whoever wrote has not written all there was, with a remark that says so."""
        with self._lock:
            self._release()
            self._keep(remark.encode())

    def begin_anew(self) -> None:
        """In a forked child: whichever thread may have held the lock is not there. What the child writes nobody reads,
        as this is its copy."""
        self._lock = threading.Lock()

    def text(self) -> tuple[str, bool]:
        """What was kept, as text fit for PostgreSQL, and whether anything was dropped."""
        joined = self.joined()
        return joined.text, bool(joined.gaps)

    def joined(self) -> Joined:
        """All that was kept, once nothing more comes."""
        with self._lock:
            if not (self._head or self._held_back or self._dropped or self._unfinished):  # as most runs
                return NOTHING
            self._release()
            if self._dropped:
                return join(self._parts())
            data = bytes(self._head) + b"".join(self._tail)
            return Joined(data.decode(), len(data))

    def parts_after(self, place: int) -> list[Part]:
        """What was kept after so many bytes of all that was written, while more may come: not what may be the beginning
        of a secret."""
        with self._lock:
            if self._held_back:
                harmless = self._secrets.harmless_until(self._held_back)
                released, self._held_back = self._held_back[:harmless], self._held_back[harmless:]
                self._keep(released)
            return [
                Part(max(start, place), data[max(0, place - start) :])
                for start, data in self._parts()
                if start + len(data) > place
            ]

    def dropped(self) -> tuple[int, int]:
        """From where to where nothing is kept."""
        return len(self._head), len(self._head) + self._dropped

    def _parts(self) -> list[Part]:
        head, tail = bytes(self._head), b"".join(self._tail)
        if not self._dropped:
            return [Part(0, head + tail)]
        skipped = whole_from(tail)
        return [Part(0, head[: whole_until(head)]), Part(len(head) + self._dropped + skipped, tail[skipped:])]

    def _release(self) -> None:
        self._keep(self._secrets.mask_end(self._held_back))
        self._held_back = b""
        self._store(_readable(self._unfinished))
        self._unfinished = b""

    def _keep(self, data: bytes) -> None:
        if self._unfinished or not data.isascii():
            data = self._unfinished + data
            whole = whole_until(data)
            data, self._unfinished = _readable(data[:whole]), data[whole:]
        elif b"\x00" in data:
            data = _readable(data)
        self._store(data)

    def _store(self, data: bytes) -> None:
        room = self._head_limit - len(self._head)
        self._head += data[:room]
        rest = data[room:]
        if rest:
            self._tail.append(bytes(rest))
            self._tail_size += len(rest)
            self._trim()

    def _trim(self) -> None:
        while self._tail_size > self._tail_limit:
            excess = self._tail_size - self._tail_limit
            oldest = self._tail.popleft()
            if len(oldest) > excess:
                self._tail.appendleft(oldest[excess:])
            dropped = min(excess, len(oldest))
            self._tail_size -= dropped
            self._dropped += dropped


def _readable(data: bytes) -> bytes:
    """The same as UTF-8 that PostgreSQL takes."""
    return data.decode("utf-8", errors="replace").replace("\x00", "\N{REPLACEMENT CHARACTER}").encode()
