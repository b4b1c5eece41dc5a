"""Metrics: a scrape of 10,000 schedules and 200 actors over a long past, and how many series it has."""

import time
from typing import Any

import httpx

from api.metrics.reading import KEPT_SECONDS
from tests.api.metrics.much import MOST_SERIES, make_much
from tests.benchmarks.figures import Figure
from tests.benchmarks.options import Options
from tests.benchmarks.past import make_past
from tests.benchmarks.site import Site
from tests.waiting import eventually

RUNS = 200_000
PAST_SCHEDULES = 300
REPEATS = 7


def measure(options: Options, site: Site) -> list[Figure]:
    """Each scrape once the page of the last is not kept any more."""
    with site.system() as system:
        make_past(system, RUNS, PAST_SCHEDULES)

        def execute(statement: str, **parameters: Any) -> None:
            with system.engine.begin() as connection:
                connection.exec_driver_sql(statement, parameters)

        make_much(execute)
        with system.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")
        system.start("web")
        eventually(lambda: system.api.get("/health/live").status_code == 200, ignoring=httpx.HTTPError)
        times, series, kept = [], 0, []
        for _ in range(REPEATS):
            begun = time.monotonic()
            page = system.api.get("/metrics").raise_for_status().text
            times.append(1000 * (time.monotonic() - begun))
            series = sum(not line.startswith("#") for line in page.splitlines())
            begun = time.monotonic()
            system.api.get("/metrics").raise_for_status()
            kept.append(1000 * (time.monotonic() - begun))
            time.sleep(KEPT_SECONDS + 0.2)
        return [
            Figure("a scrape", times, "ms", "max < 200"),
            Figure("another one within 5 seconds", kept, "ms"),
            Figure("its series", [series], "", f"< {MOST_SERIES}"),
        ]
