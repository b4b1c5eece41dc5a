"""Faults of the network between callsheet and its servers."""

from functools import partial

from tests.chaos.faults import Fault
from tests.chaos.proxy import Proxy
from tests.chaos.world import World

HOLE_SECONDS = 15
SLOW_SECONDS = 15
DELAY_SECONDS = 0.3


def cut(server: str, world: World) -> None:
    """Every connection is reset."""
    _proxy(world, server).cut()


def black_hole(server: str, world: World, *, forget: bool) -> None:
    """Nothing gets through, and nobody says so. Afterwards connections go on, or are found to be gone."""
    proxy = _proxy(world, server)
    proxy.hold()
    try:
        world.wait(HOLE_SECONDS)
    finally:
        if forget:
            proxy.cut()
        proxy.release()


def slow(server: str, world: World) -> None:
    """Every packet takes 300 ms, in each direction."""
    proxy = _proxy(world, server)
    proxy.delay(DELAY_SECONDS)
    try:
        world.wait(SLOW_SECONDS)
    finally:
        proxy.delay(0)


def _proxy(world: World, server: str) -> Proxy:
    return {"PostgreSQL": world.postgres_proxy, "RabbitMQ": world.rabbitmq_proxy}[server]


FAULTS = [
    fault
    for server in ("PostgreSQL", "RabbitMQ")
    for fault in (
        Fault(f"cut off {server}", partial(cut, server), shared=True),
        Fault(f"black hole to {server}", partial(black_hole, server, forget=False), shared=True),
        Fault(f"black hole to {server}, connections gone", partial(black_hole, server, forget=True), shared=True),
        Fault(f"slow way to {server}", partial(slow, server), shared=True),
    )
]
