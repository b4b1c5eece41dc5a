"""What a run prints, bounded: the head and the tail, and how much was dropped between them."""

import threading
from collections import deque

from config.secrets import known_secrets


class Output:
    """A sink of bytes that keeps `limit` bytes at most: half from the head, half from the tail. Safe for threads.

    Secrets are masked as they come in, also where two writes or the bound would cut one in two.
    """

    def __init__(self, limit: int) -> None:
        self._secrets = known_secrets()
        self._held_back = b""  # may be the beginning of a secret
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
        with self._lock:
            if not (self._head or self._held_back or self._dropped):  # as most runs
                return "", False
            self._release()
            tail = b"".join(self._tail)
            if not self._dropped:
                return _readable(bytes(self._head) + tail), False
            mark = f"\n[… {self._dropped} bytes dropped …]\n"
            head = bytes(self._head)
            return _readable(head[: _whole_until(head)]) + mark + _readable(tail[_whole_from(tail) :]), True

    def _release(self) -> None:
        self._keep(self._secrets.mask_end(self._held_back))
        self._held_back = b""

    def _keep(self, data: bytes) -> None:
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


def _whole_until(data: bytes) -> int:
    """Where to cut so that no UTF-8 character at the end is kept in part."""
    for back in range(1, min(4, len(data) + 1)):
        byte = data[-back]
        if byte & 0b1100_0000 != 0b1000_0000:
            length = 4 if byte >= 0b1111_0000 else 3 if byte >= 0b1110_0000 else 2 if byte >= 0b1100_0000 else 1
            return len(data) - back if length > back else len(data)
    return len(data)


def _whole_from(data: bytes) -> int:
    """Where to begin so that no UTF-8 character at the start is kept in part."""
    for start in range(min(4, len(data))):
        if data[start] & 0b1100_0000 != 0b1000_0000:
            return start
    return len(data) if len(data) < 4 else 0


def _readable(data: bytes) -> str:
    return data.decode("utf-8", errors="replace").replace("\x00", "\N{REPLACEMENT CHARACTER}")
