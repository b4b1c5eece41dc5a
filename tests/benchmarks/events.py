"""Events: how fast a queue is drained while others are told of what happens, and while nobody is."""

from statistics import median

from tests.benchmarks.drain import Drain, drain_deployed
from tests.benchmarks.figures import Figure, ratios
from tests.benchmarks.options import Options
from tests.benchmarks.site import Site

FINAL = '["succeeded", "failed", "cancelled", "skipped"]'
ALL = '["planned", "queued", "running", "retrying", "succeeded", "failed", "cancelled", "skipped"]'
DRAINS = 2
"""So often what others drain: the relay tells of less than happens for its first seconds."""

KINDS = {
    "no events": {"CALLSHEET_EVENTS__ENABLED": "false"},
    "events of final states": {"CALLSHEET_EVENTS__STATES": FINAL},
    "events of all states": {"CALLSHEET_EVENTS__STATES": ALL},
}
TARGETS = {"events of final states": 0.95, "events of all states": 0.90}


def measure(options: Options, site: Site) -> list[Figure]:
    """Without events, with those of final states, with all, by turns."""
    drains: dict[str, list[Drain]] = {name: [] for name in KINDS}
    for _ in range(options.runs):
        for name, settings in KINDS.items():
            drains[name].append(drain_deployed(site, DRAINS * options.runs_to_drain, settings=settings))
    rates = {name: [drain.rate for drain in each] for name, each in drains.items()}
    figures = [Figure(f"{name}: drained", values, "runs/s") for name, values in rates.items()]
    for name, target in TARGETS.items():
        figures.append(ratios(f"{name} ÷ none", rates[name], rates["no events"], f">= {target}"))
        figures.append(
            Figure("… of the medians", [median(rates[name]) / median(rates["no events"])], "x", f">= {target}")
        )
    for name, each in drains.items():
        figures += [
            Figure(f"{name}: CPU of {process}", [drain.cpu[process] for drain in each], "s/1,000")
            for process in each[0].cpu
        ]
    return figures
