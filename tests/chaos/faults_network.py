"""Faults of the network between callsheet and its servers."""

from collections.abc import Callable
from functools import partial

from tests.chaos.faults import Fault
from tests.chaos.proxy import Proxy
from tests.chaos.world import World

HOLE_SECONDS = 15
SLOW_SECONDS = 15
DELAY_SECONDS = 0.3

Ways = Callable[[World], list[Proxy]]


def cut(ways: Ways, world: World) -> None:
    """Every connection is reset."""
    for proxy in ways(world):
        proxy.cut()


def black_hole(ways: Ways, world: World, *, forget: bool) -> None:
    """Nothing gets through, and nobody says so. Afterwards connections go on, or are found to be gone."""
    for proxy in ways(world):
        proxy.hold()
    try:
        world.wait(HOLE_SECONDS)
    finally:
        for proxy in ways(world):
            if forget:
                proxy.cut()
            proxy.release()


def slow(ways: Ways, world: World) -> None:
    """Every packet takes 300 ms, in each direction."""
    for proxy in ways(world):
        proxy.delay(DELAY_SECONDS)
    try:
        world.wait(SLOW_SECONDS)
    finally:
        for proxy in ways(world):
            proxy.delay(0)


def _faults(server: str, ways: Ways) -> list[Fault]:
    return [
        Fault(f"cut off {server}", partial(cut, ways), shared=True),
        Fault(f"black hole to {server}", partial(black_hole, ways, forget=False), shared=True),
        Fault(f"black hole to {server}, connections gone", partial(black_hole, ways, forget=True), shared=True),
        Fault(f"slow way to {server}", partial(slow, ways), shared=True),
    ]


FAULTS = [
    *_faults("PostgreSQL", lambda world: world.postgres_proxies),
    *_faults("RabbitMQ", lambda world: world.rabbitmq_proxies),
    *_faults("both servers", lambda world: world.postgres_proxies + world.rabbitmq_proxies),
]
