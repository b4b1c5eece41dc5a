"""Faults of clocks: machines whose time is wrong, and jumps while somebody looks."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tests.chaos.faults import Fault
from tests.chaos.faults_processes import replace
from tests.chaos.world import World

LIBFAKETIME = next(iter(sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))), None)
CLOCK_SECONDS = 12
JUMP_SECONDS = 6
DAY = 86400


class Clock:
    """A clock that processes are started with; it is right until it is set."""

    def __init__(self, file: Path) -> None:
        assert LIBFAKETIME is not None, "the package libfaketime is not installed"
        self._file = file
        self.set(0)
        file.chmod(0o644)
        self.environment = {
            "LD_PRELOAD": str(LIBFAKETIME),
            "FAKETIME_TIMESTAMP_FILE": str(file),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def set(self, seconds: int) -> None:
        """So far from the time as it is; noticed within a second."""
        self._file.write_text(f"{seconds:+d}")


@contextmanager
def _clock_of(world: World, kind: str) -> Iterator[Clock]:
    """One process of a kind is started again with a clock of its own, and afterwards without."""
    name = world.pick({"scheduling": world.schedulers, "worker": world.workers, "web": ["web"]}[kind])
    clock = Clock(world.folder / f"clock-{name}")
    world.deployment.overrides[name] = clock.environment
    try:
        replace(world, name)
        yield clock
    finally:
        del world.deployment.overrides[name]
        replace(world, name)


def wrong_clock(kind: str, seconds: int, world: World) -> None:
    """One process on a machine whose clock is wrong."""
    with _clock_of(world, kind) as clock:
        clock.set(seconds)
        world.wait(CLOCK_SECONDS)


def jump_clock(kind: str, world: World) -> None:
    """Its clock jumps a day ahead, two back, and is right again."""
    with _clock_of(world, kind) as clock:
        for seconds in (DAY, -DAY, 0):
            clock.set(seconds)
            world.wait(JUMP_SECONDS)


FAULTS = [
    Fault("a scheduler's clock 90 s fast", partial(wrong_clock, "scheduling", 90), shared=True),
    Fault("a scheduler's clock 90 s slow", partial(wrong_clock, "scheduling", -90), shared=True),
    Fault("a scheduler's clock jumps by a day", partial(jump_clock, "scheduling"), shared=True),
    Fault("a worker's clock jumps by a day", partial(jump_clock, "worker"), shared=True),
    Fault("the API's clock jumps by a day", partial(jump_clock, "web"), shared=True),
]
