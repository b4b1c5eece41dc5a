"""Resources: connections, memory and CPU of every process, at rest and under load."""

import time
from datetime import timedelta

import psutil

from models.sql.clock import read_clock
from tests.benchmarks.figures import Figure
from tests.benchmarks.options import Options
from tests.benchmarks.schedules import insert_intervals
from tests.benchmarks.site import Site
from tests.benchmarks.system import System

MEASURED_SECONDS = 10
RATE = 100
NAMES = ("web", "scheduling", "worker")
TARGETS = {"worker": "<= 2", "scheduling": "<= 3"}
MEBIBYTE = 2**20


def measure(options: Options, site: Site) -> list[Figure]:
    """The Procfile's processes: first with nothing to do, then with 100 runs a second."""
    with site.system() as system:
        system.start(*NAMES).ready()
        time.sleep(MEASURED_SECONDS / 2)
        figures = _observe(system, "at rest")
        with system.engine.begin() as connection:
            begin = read_clock(connection) + timedelta(seconds=1)
        insert_intervals(system, RATE, 1, begin, apart=1 / RATE)
        time.sleep(MEASURED_SECONDS / 2)
        return figures + _observe(system, f"at {RATE}/s")


def _observe(system: System, label: str) -> list[Figure]:
    seen = [
        (f"{name} {number}" if number else name, name, process)
        for name in NAMES
        for number, process in enumerate(system.processes(name))
    ]
    before = [sum(process.cpu_times()[:2]) for *_, process in seen]
    time.sleep(MEASURED_SECONDS)
    figures = []
    for (shown, name, process), cpu_before in zip(seen, before, strict=True):
        cpu = 100 * (sum(process.cpu_times()[:2]) - cpu_before) / MEASURED_SECONDS
        to_database, to_rabbitmq = _connections(system, process)
        target = TARGETS.get(name, "")
        memory = process.memory_info().rss / MEBIBYTE
        figures += [
            Figure(f"{label}: {shown}: connections to PostgreSQL", [to_database], "", target),
            Figure(f"{label}: {shown}: connections to RabbitMQ", [to_rabbitmq], ""),
            Figure(f"{label}: {shown}: memory", [memory], "MiB"),
            Figure(f"{label}: {shown}: CPU", [cpu], "%"),
        ]
    return figures


def _connections(system: System, process: psutil.Process) -> tuple[int, int]:
    ports = [each.raddr.port for each in process.net_connections() if each.raddr and each.status == "ESTABLISHED"]
    postgresql, rabbitmq = system.ports()
    return ports.count(postgresql), ports.count(rabbitmq)
