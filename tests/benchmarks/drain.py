"""Drain: how fast a worker empties a full queue, with all its history in rows, against plain Dramatiq."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from dramatiq import Message
from dramatiq.brokers.rabbitmq import RabbitmqBroker

from scheduling.publish import Publishing
from tests.benchmarks.figures import Figure, ratios
from tests.benchmarks.options import Options
from tests.benchmarks.site import Site
from tests.benchmarks.system import System
from tests.end_to_end.deployment import PROCFILE

RAW = "dramatiq tests.benchmarks.peers.plain_dramatiq --processes {processes} --threads 8"
WORKER = PROCFILE["worker"].replace("--processes 2", "--processes {processes}")
BATCH = 1000


@dataclass(frozen=True)
class Drain:
    """Runs per second from the first one's first line to the last one's end, and CPU seconds per 1,000 runs."""

    rate: float
    cpu: dict[str, float]


def measure(options: Options, site: Site) -> list[Figure]:
    """Plain Dramatiq and callsheet in turn: with a full queue, as deployed, with more to do for each run."""
    drains: dict[str, list[Drain]] = {name: [] for name in KINDS}
    for _ in range(options.runs):
        for name, drain in KINDS.items():
            drains[name].append(drain(site, options.runs_to_drain))
    figures = [Figure(f"{name}: drained", [d.rate for d in each], "runs/s") for name, each in drains.items()]
    raw = [d.rate for d in drains["dramatiq"]]
    figures += [
        ratios(f"{name} ÷ dramatiq", [d.rate for d in drains[name]], raw, target) for name, target in TARGETS.items()
    ]
    for name, each in drains.items():
        figures.append(Figure(f"{name}: CPU of all", [sum(d.cpu.values()) for d in each], "s/1,000"))
        for process in each[0].cpu:
            values = [d.cpu[process] for d in each]
            figures.append(Figure(f"{name}: CPU of {process}", values, "s/1,000"))
    return figures + _by_processes(options, site)


def _by_processes(options: Options, site: Site) -> list[Figure]:
    """The same with fewer and more worker processes, once each."""
    figures = []
    for processes in (1, 4):
        theirs = drain_raw(site, options.runs_to_drain, processes)
        ours = drain_deployed(site, options.runs_to_drain, processes)
        figures.append(Figure(f"dramatiq, {processes} processes: drained", [theirs.rate], "runs/s"))
        figures.append(Figure(f"callsheet as deployed, {processes} processes: drained", [ours.rate], "runs/s"))
    return figures


def drain_raw(site: Site, count: int, processes: int = 2) -> Drain:
    """Messages of plain Dramatiq, all sent before the worker starts."""
    with site.system() as system:
        broker = RabbitmqBroker(url=system.environment["AMQP_URL"])
        broker.declare_queue("default", ensure=True)
        for _ in range(count):
            broker.enqueue(Message(queue_name="default", actor_name="noop", args=(), kwargs={}, options={}))
        broker.close()
        system.start("worker", command=RAW.format(processes=processes))
        return _watch(system, count, lambda: max(system.stamps.times()))


def drain_prefilled(site: Site, count: int, processes: int = 2) -> Drain:
    """Runs of callsheet, all in RabbitMQ before the worker starts; no scheduling process."""
    with site.system() as system:
        system.announce()
        system.plan(count)
        with system.publisher() as publisher:
            publishing = Publishing(system.engine, publisher, system.amqp.bundle)
            while publishing.publish_due(BATCH, window=count):
                pass
            publishing.note_confirmed(0)
        system.start("worker", command=WORKER.format(processes=processes))
        return _watch(system, count, system.wait_until_ended)


def drain_deployed(
    site: Site, count: int, processes: int = 2, schedulers: int = 1, settings: Mapping[str, str] | None = None
) -> Drain:
    """Runs of callsheet that wait in their rows; scheduling keeps its default window of messages in RabbitMQ."""
    with site.system(settings) as system:
        system.announce()
        system.plan(count)
        system.start(*(f"scheduling.{number}" for number in range(schedulers)))
        system.start("worker", command=WORKER.format(processes=processes))
        return _watch(system, count, system.wait_until_ended)


def drain_with_middleware(site: Site, count: int) -> Drain:
    """As deployed, with a middleware of the user's own around each run."""
    modules = '["tests.benchmarks.workload", "tests.benchmarks.peers.middleware"]'
    return drain_deployed(site, count, settings={"CALLSHEET_ACTORS__MODULES": modules})


def drain_singly(site: Site, count: int) -> Drain:
    """As deployed, of an actor that is not known to be short: each run has a message of its own."""
    return drain_deployed(site, count, settings={"CALLSHEET_AMQP__BUNDLE": "1"})


KINDS: dict[str, Callable[[Site, int], Drain]] = {
    "dramatiq": drain_raw,
    "callsheet, prefilled": drain_prefilled,
    "callsheet, as deployed": drain_deployed,
    "callsheet, with a middleware": drain_with_middleware,
    "callsheet, not known to be short": drain_singly,
}
TARGETS = {
    "callsheet, prefilled": ">= 1.6",
    "callsheet, as deployed": ">= 1.2",
    "callsheet, with a middleware": ">= 1.0",
    "callsheet, not known to be short": ">= 0.75",
}


def _watch(system: System, count: int, wait_for_end: Callable[[], float]) -> Drain:
    system.stamps.wait(1)
    before = system.cpu_seconds()
    system.stamps.wait(count)
    end = wait_for_end()
    after = system.cpu_seconds()
    spent = {name: (after[name] - before[name]) * 1000 / count for name in after}
    return Drain(count / (end - system.stamps.times()[0]), spent)
