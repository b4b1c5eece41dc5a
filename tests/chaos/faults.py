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


def faults_by_part() -> dict[str, list[Fault]]:
    """Every fault, by the part that it hits."""
    from tests.chaos import faults_broker, faults_database, faults_network, faults_processes, faults_signals

    return {
        "processes": faults_signals.FAULTS + faults_processes.FAULTS,
        "broker": faults_broker.FAULTS,
        "database": faults_database.FAULTS,
        "network": faults_network.FAULTS,
    }


def all_faults() -> list[Fault]:
    """Every fault."""
    return [fault for faults in faults_by_part().values() for fault in faults]
