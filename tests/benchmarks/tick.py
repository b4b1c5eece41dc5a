"""Tick: what a round of scheduling costs with many schedules, and how much memory the process takes."""

import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta

from config.settings import load_settings
from models.lifecycle.publishing import find_next_due
from scheduling.plan import plan_due
from scheduling.publish import Publishing
from scheduling.publishers.rabbitmq import RabbitPublisher
from scheduling.tick import Ticker
from tests.benchmarks.figures import Figure
from tests.benchmarks.options import Options
from tests.benchmarks.schedules import insert_cron
from tests.benchmarks.site import Site
from tests.benchmarks.system import System

SIZES = (1_000, 10_000, 100_000, 1_000_000)
TICKS = 30
BATCH = 1000
SETTLE_SECONDS = 5
MEBIBYTE = 2**20

_MAKE_DUE = """
UPDATE schedules SET cursor_at = now() - interval '1 minute', next_due_at = date_trunc('minute', now())
WHERE id IN (SELECT id FROM schedules ORDER BY id LIMIT %(count)s)
"""


def measure(options: Options, site: Site) -> list[Figure]:
    """The same database with more and more schedules, hourly ones, of which none is due by itself meanwhile."""
    figures: list[Figure] = []
    with site.system({"CALLSHEET_AMQP__WINDOW": str(options.schedules)}) as system:
        there = 0
        for size in (size for size in SIZES if size <= options.schedules):
            due = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
            insert_cron(system, size - there, '["17 3 * * *"]', due, prefix=f"to-{size}-")
            there = size
            figures += _with_nothing_due(system, f"{size:,} schedules") + _with_some_due(system, size)
    return figures


def _with_nothing_due(system: System, label: str) -> list[Figure]:
    with system.publisher() as publisher, closing(_ticker(system, publisher)) as ticker:
        target = "<= 5" if label.startswith("1,000,000") else ""
        figures = [Figure(f"{label}, none due: tick", _times(ticker.tick), "ms", target)]
        parts: dict[str, Callable[[], object]] = {
            "plan": lambda: _in_transaction(system, lambda connection: plan_due(connection, BATCH)),
            "publish": lambda: Publishing(system.engine, publisher).publish_due(BATCH, 1000),
            "next due": lambda: _in_transaction(system, find_next_due),
            "once a second": ticker._upkeep.run,
        }
        figures += [Figure(f"{label}, none due: {name}", _times(part), "ms") for name, part in parts.items()]
    return [*figures, Figure(f"{label}: memory", [_memory(system)], "MiB", "<= 120")]


def _with_some_due(system: System, size: int) -> list[Figure]:
    system.announce()
    with system.publisher() as publisher, closing(_ticker(system, publisher)) as ticker:
        with system.engine.begin() as connection:
            connection.exec_driver_sql(_MAKE_DUE, {"count": size // 100})
        spent = [_time(ticker.tick)]
        while system.scalar("SELECT EXISTS (SELECT FROM schedules WHERE next_due_at <= now())"):
            spent.append(_time(ticker.tick))
    label = f"{size:,} schedules, 1 % due"
    return [Figure(f"{label}: tick", spent, "ms"), Figure(f"{label}: per schedule", [100 * sum(spent) / size], "ms")]


def _ticker(system: System, publisher: RabbitPublisher) -> Ticker:
    """A ticker that has done its first round, with what only that one does."""
    ticker = Ticker(system.engine, publisher, load_settings(system.environment))
    ticker.tick()
    return ticker


def _memory(system: System) -> float:
    system.start("scheduling")
    time.sleep(SETTLE_SECONDS)
    memory = system.processes("scheduling")[0].memory_info().rss / MEBIBYTE
    system.stop("scheduling")
    return memory


def _in_transaction(system: System, act: Callable[..., object]) -> None:
    with system.engine.begin() as connection:
        act(connection)


def _times(act: Callable[[], object]) -> list[float]:
    return [_time(act) for _ in range(TICKS)]


def _time(act: Callable[[], object]) -> float:
    begin = time.monotonic()
    act()
    return 1000 * (time.monotonic() - begin)
