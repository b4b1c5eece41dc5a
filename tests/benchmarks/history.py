"""History: what pages, claims, publishing and pruning cost with millions of runs in the table."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from uuid import UUID, uuid4

import httpx
import sqlalchemy as sa

from models.lifecycle.claiming import claim_runs
from models.lifecycle.pruning import prune_runs
from models.lifecycle.publishing import take_publishable_runs
from models.runs import find_schedule_id, list_runs
from models.words.states import State
from tests.benchmarks.figures import Figure, percentiles
from tests.benchmarks.options import Options
from tests.benchmarks.past import make_past
from tests.benchmarks.plans import explained
from tests.benchmarks.site import Site
from tests.benchmarks.system import System
from tests.waiting import eventually

REPEATS = 50
BATCH = 1000
PRUNED_BATCHES = 30
SLOW_MILLISECONDS = 50
PAGES = {
    "GET /v1/runs": {},
    "…?schedule=": {"schedule": "report-7"},
    "…?state=failed": {"state": "failed"},
    "…?state=failed&schedule=": {"state": "failed", "schedule": "report-97"},
    "…?q= (common)": {"q": "process"},
    "…?q= (one schedule)": {"q": "report-1234"},
    "…?q= (nothing)": {"q": "no such thing"},
    "…?actor= (unknown)": {"actor": "no-such-actor"},
    "…?error= (common)": {"error": "the answer was 502"},
    "…?error= (the oldest two)": {"error": "the answer was 418"},
    "…?error= (nothing)": {"error": "no such error"},
}


def measure(options: Options, site: Site) -> list[Figure]:
    """Pages over HTTP, statements in transactions that are rolled back, and batches of prune that are not."""
    with site.system() as system:
        make_past(system, options.history)
        system.start("web")
        eventually(lambda: system.api.get("/health/live").status_code == 200, ignoring=httpx.HTTPError)
        figures = []
        for name, query in PAGES.items():
            figures += _pages(system, name, query)
        system.stop("web")
        with explained(system) if options.explain else nullcontext():
            _read_pages(system)
            figures += _statements(system)
            return figures + _prune(system)


def _pages(system: System, name: str, query: dict[str, str]) -> list[Figure]:
    def get() -> None:
        system.api.get("/v1/runs", params=query, timeout=60).raise_for_status()

    first = _time(get)
    repeats = REPEATS if first < 10 * SLOW_MILLISECONDS else 3
    return percentiles(name, [[_time(get) for _ in range(repeats)]], "ms", {50: "", 95: "<= 50"})


def _read_pages(system: System) -> None:
    """The pages' statements in this process, for their plans."""
    with system.engine.begin() as connection:
        for query in PAGES.values():
            filters: dict[str, object] = {
                name: value for name, value in query.items() if name in ("q", "actor", "error")
            }
            if "schedule" in query:
                filters["schedule_id"] = find_schedule_id(connection, query["schedule"])
            if "state" in query:
                filters["states"] = [query["state"]]
            list_runs(connection, 50, filters)


def _statements(system: System) -> list[Figure]:
    with system.engine.begin() as connection:
        ids = list(connection.exec_driver_sql("SELECT id FROM runs WHERE state = 'planned' LIMIT 1000").scalars())

    def claim(number: int) -> None:
        with _rolled_back(system) as connection:
            claim_runs(connection, _eight(ids, number), 0, uuid4(), 30)

    def take(_number: int) -> None:
        with _rolled_back(system) as connection:
            take_publishable_runs(connection, BATCH, BATCH)

    acts: dict[str, Callable[[int], None]] = {"claim of 8": claim, f"take {BATCH:,} to publish": take}
    figures = []
    for name, act in acts.items():
        times = [_time(lambda act=act, number=number: act(number)) for number in range(REPEATS)]
        figures += percentiles(name, [times], "ms", {50: "", 95: "<= 50"})
    return figures


def _prune(system: System) -> list[Figure]:
    """Skipped runs are few between many others; after them, succeeded ones are most of what is there."""
    figures = []
    for state, days in ((State.SKIPPED, 30), (State.CANCELLED, 90), (State.SUCCEEDED, 30)):
        times: list[float] = []
        after: UUID | None = UUID(int=0)
        while after is not None and len(times) < PRUNED_BATCHES:
            with system.engine.begin() as connection:
                begin = time.monotonic()
                after = prune_runs(connection, {state: timedelta(days=days)}, after, BATCH).last_id
                times.append(1000 * (time.monotonic() - begin))
        figures.append(Figure(f"prune {state.value}, {len(times)} pages of {BATCH:,}", times, "ms", "max <= 1,000"))
    return figures


def _eight(ids: list[UUID], number: int) -> list[UUID]:
    return ids[8 * number : 8 * number + 8]


@contextmanager
def _rolled_back(system: System) -> Iterator[sa.Connection]:
    with system.engine.connect() as connection:
        yield connection
        connection.rollback()


def _time(act: Callable[[], None]) -> float:
    begin = time.monotonic()
    act()
    return 1000 * (time.monotonic() - begin)
