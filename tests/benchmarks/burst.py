"""Burst: many schedules due at one instant, until the last message is in RabbitMQ, against two other schedulers."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from dramatiq import Message
from dramatiq.brokers.rabbitmq import RabbitmqBroker
from pika.adapters.blocking_connection import BlockingChannel

from tests.benchmarks.figures import Figure, ratios
from tests.benchmarks.options import Options
from tests.benchmarks.schedules import insert_cron
from tests.benchmarks.site import Site
from tests.benchmarks.system import System

LEAD = timedelta(seconds=6)
PAUSE_SECONDS = 0.003
LONGER_PAUSE_SECONDS = 0.02
"""Between looks once the first message is there: looking takes of what is measured."""
QUIET_SECONDS = 2.0
TIMEOUT_SECONDS = 300
# A row of APScheduler takes about 2 ms to add, and all are added before they are due.
ADDED_A_SECOND = 150


@dataclass(frozen=True)
class Burst:
    """Seconds from the due instant until the first and the last message were in RabbitMQ."""

    first: float
    last: float


def measure(options: Options, site: Site) -> list[Figure]:
    """callsheet, periodiq and APScheduler in turn; APScheduler, which takes minutes, once."""
    kinds: dict[str, tuple[int, Callable[[Site, int], Burst]]] = {
        "callsheet": (options.runs, burst_callsheet),
        "periodiq": (options.runs, burst_periodiq),
        "APScheduler": (1, burst_apscheduler),
    }
    bursts: dict[str, list[Burst]] = {name: [] for name in kinds}
    for number in range(options.runs):
        for name, (times, burst) in kinds.items():
            if number < times:
                bursts[name].append(burst(site, options.schedules_at_once))
    figures = []
    for name, each in bursts.items():
        target = "<= 0.15" if name == "callsheet" else ""
        figures.append(Figure(f"{name}: first message", [burst.first for burst in each], "s", target))
        figures.append(Figure(f"{name}: last message", [burst.last for burst in each], "s"))
    last = {name: [burst.last for burst in each] for name, each in bursts.items()}
    for name, target in (("periodiq", ">= 1.5"), ("APScheduler", ">= 15")):
        figures.append(ratios(f"{name} ÷ callsheet", last[name], last["callsheet"], target))
    return figures


def burst_callsheet(site: Site, count: int) -> Burst:
    """The scheduling process, with a window in which the burst has room."""
    with site.system({"CALLSHEET_AMQP__WINDOW": str(count)}) as system:
        due = datetime.now(UTC).replace(microsecond=0) + LEAD
        insert_cron(system, count, f'["{due.second} * * * * *"]', due)
        _declare(system)
        system.start("scheduling")
        system.announce()
        return _watch(system, count, due)


def burst_periodiq(site: Site, count: int) -> Burst:
    """periodiq's own process: it fires at full minutes, and has no database."""
    due = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
    if due - datetime.now(UTC) < 3 * LEAD:
        due += timedelta(minutes=1)
    with site.system({"BENCHMARK_SCHEDULES": str(count), "BENCHMARK_MINUTE": str(due.minute)}) as system:
        _declare(system)
        system.start("periodiq", command="periodiq tests.benchmarks.peers.periodiq_actors")
        return _watch(system, count, due)


def burst_apscheduler(site: Site, count: int) -> Burst:
    """APScheduler's process, its jobs in PostgreSQL."""
    due = datetime.now(UTC).replace(microsecond=0) + LEAD + timedelta(seconds=count / ADDED_A_SECOND)
    with site.system({"BENCHMARK_SCHEDULES": str(count), "BENCHMARK_DUE": due.isoformat()}) as system:
        _declare(system)
        system.start("apscheduler", command="python -m tests.benchmarks.peers.apscheduler_jobs")
        return _watch(system, count, due)


def _declare(system: System) -> None:
    broker = RabbitmqBroker(url=system.environment["AMQP_URL"])
    broker.declare_queue("default", ensure=True)
    broker.close()


def _watch(system: System, count: int, due: datetime) -> Burst:
    """Ask RabbitMQ for the length of its queue, which costs the same whoever fills it. The last message was there when
    it had grown for the last time, and its messages stand for all runs."""
    first = last = 0.0
    most = 0
    with system.channel() as channel:
        while time.time() < due.timestamp() - PAUSE_SECONDS:
            channel.connection.sleep(PAUSE_SECONDS)
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while True:
            messages = channel.queue_declare("default", passive=True).method.message_count
            now = time.time()
            first = first or (now if messages else 0.0)
            most, last = (messages, now) if messages > most else (most, last)
            if first and now - last > QUIET_SECONDS and (messages >= count or _runs_in(channel) >= count):
                return Burst(first - due.timestamp(), last - due.timestamp())
            if time.monotonic() >= deadline:
                raise TimeoutError(f"{messages} messages for {count} runs after {TIMEOUT_SECONDS} s")
            time.sleep(LONGER_PAUSE_SECONDS if first else PAUSE_SECONDS)


def _runs_in(channel: BlockingChannel) -> int:
    """How many runs the messages of the queue stand for, which are put back."""
    runs = tag = 0
    while (got := channel.basic_get("default"))[0] is not None:
        tag = got[0].delivery_tag
        runs += len(Message.decode(got[2]).options.get("run_ids", [None]))
    if tag:
        channel.basic_nack(tag, multiple=True, requeue=True)
    return runs
