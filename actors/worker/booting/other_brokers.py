"""Other brokers: modules that set one of their own, on which nobody would serve their actors."""

import sys
from collections import defaultdict

import dramatiq.broker
import structlog
from dramatiq import Broker

from config.settings import EXIT_CONFIG

log = structlog.get_logger("worker")


def global_broker() -> Broker | None:
    """The broker on which actors are declared that name none; None where there is none yet."""
    return dramatiq.broker.global_broker


def exit_if_unserved(broker: Broker, other: Broker) -> None:
    """Exits with code 78 where a module has actors on the other broker, which it has set, and none on ours: with plain
    Dramatiq that would be the broker to serve, and here they would wait for ever."""
    served = {actor.fn.__module__ for actor in broker.actors.values()}
    others: dict[str, list[str]] = defaultdict(list)
    for actor in other.actors.values():
        others[actor.fn.__module__].append(actor.actor_name)
    if not others.keys() - served:
        return
    print("callsheet can't start, it would not serve all actors:", file=sys.stderr)
    for module in sorted(others.keys() - served):
        print(
            f"  {module}: its actors are on a broker of its own, {type(other).__name__}: {', '.join(others[module])}. "
            f"Leave out dramatiq.set_broker() there, so that they are on callsheet's, to which AMQP_URL leads",
            file=sys.stderr,
        )
    raise SystemExit(EXIT_CONFIG)
