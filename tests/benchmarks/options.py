"""How large the benchmarks are, and how often each measures."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Options:
    """The defaults keep all of them to minutes."""

    runs: int = 3
    runs_to_drain: int = 20_000
    schedules_at_once: int = 10_000
    schedules: int = 1_000_000
    history: int = 1_000_000
    explain: bool = False
