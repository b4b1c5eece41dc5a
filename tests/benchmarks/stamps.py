"""The times at which actors ran: each run appends one to a file, at the same small cost in every system measured."""

import os
import struct
import time
from functools import cache
from pathlib import Path

VARIABLE = "BENCHMARK_STAMPS"
_TIME = struct.Struct("d")


def stamp() -> None:
    """Append the time. One short write to a file opened for appending is never torn, whoever else writes."""
    os.write(_file(), _TIME.pack(time.time()))


class Stamps:
    """The file, seen by the benchmark."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.touch()

    def count(self) -> int:
        """How many runs there were."""
        return self.path.stat().st_size // _TIME.size

    def times(self) -> list[float]:
        """When each was, in order."""
        return sorted(value for (value,) in _TIME.iter_unpack(self.path.read_bytes()))

    def wait(self, count: int, timeout: float = 300, pause: float = 0.005) -> None:
        """Wait until there are so many."""
        deadline = time.monotonic() + timeout
        while self.count() < count:
            if time.monotonic() >= deadline:
                raise TimeoutError(f"{self.count()} of {count} runs after {timeout} s")
            time.sleep(pause)


@cache
def _file() -> int:
    return os.open(os.environ[VARIABLE], os.O_WRONLY | os.O_APPEND)
