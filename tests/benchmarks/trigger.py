"""Trigger: from sending POST …/trigger to the actor's first line."""

import time

from tests.benchmarks.figures import Figure, percentiles
from tests.benchmarks.options import Options
from tests.benchmarks.site import Site
from tests.benchmarks.system import System

WARM_UP = 20
TRIGGERS = 200
PAUSE_SECONDS = 0.001


def measure(options: Options, site: Site) -> list[Figure]:
    """One trigger after the other, on a callsheet that does nothing else."""
    with site.system() as system:
        system.start("web", "scheduling", "worker").ready()
        system.create("by-hand", actor="noop")
        for _ in range(WARM_UP):
            _trigger(system)
        runs = [[_trigger(system) for _ in range(TRIGGERS)] for _ in range(options.runs)]
    return percentiles("trigger to first line:", runs, "ms", {50: "<= 10", 95: "", 99: ""})


def _trigger(system: System) -> float:
    before, sent = system.stamps.count(), time.time()
    system.trigger("by-hand")
    system.stamps.wait(before + 1, pause=PAUSE_SECONDS)
    started = system.stamps.times()[-1]
    system.wait_until_ended()
    return 1000 * (started - sent)
