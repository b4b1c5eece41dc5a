"""Lateness: how long after it is due a run starts, by the database's clock."""

from datetime import timedelta

from models.sql.clock import read_clock
from tests.benchmarks.figures import Figure, percentiles
from tests.benchmarks.options import Options
from tests.benchmarks.schedules import insert_intervals
from tests.benchmarks.site import Site
from tests.benchmarks.system import System

RATES = (1, 100, 1000)
LEAD = timedelta(seconds=2)
WARM_UP_SECONDS = 2
MEASURED_SECONDS = 10
THREADS = 16

_LATENESS = """
SELECT 1000 * extract(epoch FROM started_at - due_at)::float FROM runs
WHERE trigger = 'schedule' AND state = 'succeeded' AND due_at >= %(begin)s AND due_at < %(end)s
"""


def measure(options: Options, site: Site) -> list[Figure]:
    """Each rate, with idle workers and with half of their threads held by other runs."""
    figures = []
    for held, label in ((0, "idle"), (THREADS // 2, "half busy")):
        for rate in RATES:
            runs = [_measure(site, rate, held) for _ in range(options.runs)]
            target = "<= 25" if (rate, held) == (100, 0) else ""
            figures += percentiles(f"{label}, {rate:,}/s:", runs, "ms", {50: "", 95: "", 99: target})
            done = [100 * len(run) / (rate * MEASURED_SECONDS) for run in runs]
            figures.append(Figure(f"{label}, {rate:,}/s: slots that ran", done, "%"))
    return figures


def _measure(site: Site, rate: int, held: int) -> list[float]:
    seconds = WARM_UP_SECONDS + MEASURED_SECONDS
    with site.system() as system:
        system.start("web", "scheduling", "worker").ready()
        system.plan(held, "hold", seconds=seconds + LEAD.total_seconds() + 1)
        with system.engine.begin() as connection:
            begin = read_clock(connection) + LEAD
        insert_intervals(system, rate, 1, begin, apart=1 / rate)
        begin += timedelta(seconds=WARM_UP_SECONDS)
        return _read(system, {"begin": begin, "end": begin + timedelta(seconds=MEASURED_SECONDS)})


def _read(system: System, span: dict[str, object]) -> list[float]:
    with system.engine.begin() as connection:
        connection.exec_driver_sql("SELECT pg_sleep_for(%(end)s - clock_timestamp())", span)
        connection.exec_driver_sql("UPDATE schedules SET next_due_at = NULL WHERE name LIKE 'every-%%'")
    system.wait_until_ended()
    with system.engine.begin() as connection:
        return list(connection.exec_driver_sql(_LATENESS, span).scalars())
