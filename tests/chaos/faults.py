"""What a fault is, and the list of all."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.chaos.world import World


@dataclass(frozen=True)
class Fault:
    """`act` returns when the fault is over. With `lease`, the work it cut off is taken up again once a lease has run
    out; all others lose no attempt at all. `shared` ones bear servers that others use too."""

    name: str
    act: Callable[[World], None]
    lease: bool = False
    shared: bool = False


def all_faults() -> list[Fault]:
    """Every fault, by the part that it hits."""
    from tests.chaos import faults_broker, faults_database, faults_network, faults_processes, faults_signals

    modules = (faults_signals, faults_processes, faults_broker, faults_database, faults_network)
    return [fault for module in modules for fault in module.FAULTS]
