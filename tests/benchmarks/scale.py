"""Scale: the drain, as deployed, with more worker processes and more scheduling processes."""

from tests.benchmarks.drain import drain_deployed, drain_raw
from tests.benchmarks.figures import Figure
from tests.benchmarks.options import Options
from tests.benchmarks.site import Site

PROCESSES = (1, 2, 4)
SCHEDULERS = (1, 2, 3)


def measure(options: Options, site: Site) -> list[Figure]:
    """Half of the runs of the drain; plain Dramatiq shows what the machine has room for."""
    count, figures = options.runs_to_drain // 2, []
    for processes in PROCESSES:
        raw = [drain_raw(site, count, processes).rate for _ in range(options.runs)]
        figures.append(Figure(f"dramatiq: {processes} worker processes", raw, "runs/s"))
    for processes in PROCESSES:
        ours = [drain_deployed(site, count, processes).rate for _ in range(options.runs)]
        figures.append(Figure(f"callsheet: {processes} worker processes, 1 scheduling", ours, "runs/s"))
    for schedulers in SCHEDULERS[1:]:
        ours = [drain_deployed(site, count, 2, schedulers).rate for _ in range(options.runs)]
        figures.append(Figure(f"callsheet: 2 worker processes, {schedulers} scheduling", ours, "runs/s"))
    return figures
