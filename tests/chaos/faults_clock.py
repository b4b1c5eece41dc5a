"""Faults of clocks: machines whose time is wrong, and jumps while somebody looks.

Not of workers: under this library either `time.sleep` fails or waits with a time limit never end, as on no machine.
"""

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


@contextmanager
def _started_with(world: World, kind: str, clock: dict[str, str]) -> Iterator[None]:
    """One process of a kind is started again with a clock of its own, and afterwards without."""
    assert LIBFAKETIME is not None, "the package libfaketime is not installed"
    name = world.pick({"scheduling": world.schedulers, "web": ["web"]}[kind])
    world.deployment.overrides[name] = {
        "LD_PRELOAD": str(LIBFAKETIME),
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        **clock,
    }
    try:
        replace(world, name)
        yield
    finally:
        del world.deployment.overrides[name]
        replace(world, name)


def wrong_clock(kind: str, seconds: int, world: World) -> None:
    """One process on a machine whose clock is wrong."""
    with _started_with(world, kind, {"FAKETIME": f"{seconds:+d}"}):
        world.wait(CLOCK_SECONDS)


def jump_clock(kind: str, world: World) -> None:
    """Its clock jumps a day ahead, two back, and is right again."""
    file = world.folder / f"clock-{kind}"
    file.write_text("+0")
    clock = {"FAKETIME_TIMESTAMP_FILE": str(file), "FAKETIME_CACHE_DURATION": "1"}
    with _started_with(world, kind, clock):
        for seconds in (DAY, -DAY, 0):
            file.write_text(f"{seconds:+d}")
            world.wait(JUMP_SECONDS)


FAULTS = [
    Fault("a scheduler's clock 90 s fast", partial(wrong_clock, "scheduling", 90), shared=True),
    Fault("a scheduler's clock 90 s slow", partial(wrong_clock, "scheduling", -90), shared=True),
    Fault("a scheduler's clock jumps by a day", partial(jump_clock, "scheduling"), shared=True),
    Fault("the API's clock jumps by a day", partial(jump_clock, "web"), shared=True),
]
