"""What a fault is, and the list of all."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from tests.chaos.servers import Servers, started
from tests.chaos.world import LEASE_SECONDS, World

BY_JOURNAL_SECONDS = 15.0
"""A death is known at once; most of it is the start of another process."""

BY_LEASE_SECONDS = LEASE_SECONDS + 15.0


@dataclass(frozen=True)
class Fault:
    """`act` returns when the fault is over. What it cuts off is taken up again within `again_seconds`; without that it
    loses no attempt at all. `shared` ones bear servers that others use too; those with other `servers` than the rest
    must leave them as they were. What is due from the beginning of such a fault on starts within `late_seconds`, in
    processes that were there before."""

    name: str
    act: Callable[[World], None]
    again_seconds: float | None = None
    shared: bool = False
    servers: Callable[[], AbstractContextManager[Servers]] = started
    late_seconds: float | None = None


def faults_by_part() -> dict[str, list[Fault]]:
    """Every fault of one server each, by the part that it hits."""
    from tests.chaos import (
        faults_broker,
        faults_clock,
        faults_database,
        faults_network,
        faults_processes,
        faults_signals,
    )

    return {
        "processes": faults_signals.FAULTS + faults_processes.FAULTS + faults_clock.FAULTS,
        "broker": faults_broker.FAULTS,
        "database": faults_database.FAULTS,
        "network": faults_network.FAULTS,
    }


def all_faults() -> list[Fault]:
    """Every fault."""
    from tests.chaos import proofs_cluster, proofs_failover

    proofs = proofs_failover.FAULTS + proofs_cluster.FAULTS
    return [fault for faults in faults_by_part().values() for fault in faults] + proofs
