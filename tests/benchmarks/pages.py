"""Pages: what each of the dashboard takes with a demo's data and a long history, and what twenty open ones cost."""

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median

import httpx

from tests.api.dashboard.all_pages.places import GETS, place_of
from tests.benchmarks.drain import WORKER
from tests.benchmarks.figures import Figure, percentiles, ratios
from tests.benchmarks.options import Options
from tests.benchmarks.site import Site
from tests.benchmarks.system import System
from tests.demo.fill import fill
from tests.demo.values import values_of
from tests.end_to_end.deployment import TOKEN
from tests.waiting import eventually

RUNS = 200_000
REPEATS = 40
TARGET = "<= 300"
DASHBOARDS = 20
AT_REST_SECONDS = 20.0
DEFAULT_POLL_SECONDS = 5.0
SOONEST_SECONDS, SELDOM = 1.0, 5
_POLL = re.compile(r'data-poll="([\d.]+)"')
DRAINS = 3
"""So often what others drain, for pages to be asked for often meanwhile."""


def measure(options: Options, site: Site) -> list[Figure]:
    """Each page over HTTP, with a demo's runs and with as many as the history has; then dashboards, while nothing runs
    and while a full queue is drained, with them and without by turns."""
    figures: list[Figure] = []
    for runs in sorted({RUNS, options.history}):
        with site.system() as system:
            made = fill(system.engine, runs)
            system.start("web")
            eventually(lambda: system.api.get("/health/live").status_code == 200, ignoring=httpx.HTTPError)
            with _signed_in(system) as browser:
                for path, place in _places(system).items():
                    if browser.get(place).status_code == 200:  # the others lead to one of these
                        figures += _page(browser, place, f"{path}, {made:,} runs")
    return [*figures, *_dashboards(options, site)]


def _places(system: System) -> dict[str, str]:
    values = values_of(system.engine)
    return {route.path: place_of(route.path, values) for route in GETS}


@contextmanager
def _signed_in(system: System) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=system.api.base_url, timeout=60) as browser:
        form = {"token": TOKEN}
        answer = browser.post("/sign-in", data=form, headers={"Sec-Fetch-Site": "same-origin"})
        assert answer.status_code == 303, answer.text
        yield browser


def _page(browser: httpx.Client, place: str, name: str) -> list[Figure]:
    def get() -> float:
        begun = time.monotonic()
        answer = browser.get(place)
        assert answer.status_code < 400, (place, answer.status_code)
        return 1000 * (time.monotonic() - begun)

    get()
    times = [get() for _ in range(REPEATS)]
    return percentiles(name, [times], "ms", {50: "", 95: TARGET})


@dataclass
class Poller:
    """One open dashboard: it asks for its page again as the page says, by the tag that it has, and when something has
    happened, as the script of the pages does."""

    browser: httpx.Client
    place: str
    stop: threading.Event
    first_after: float
    seconds: float = DEFAULT_POLL_SECONDS
    answers: list[int] = field(default_factory=list)
    changed: threading.Event = field(default_factory=threading.Event)

    def poll(self) -> None:
        """Until it is closed."""
        self.stop.wait(self.first_after)
        tag = ""
        while not self.stop.is_set():
            self.changed.clear()
            answer = self.browser.get(self.place, headers={"If-None-Match": tag} if tag else {})
            self.answers.append(answer.status_code)
            if answer.status_code == 200:
                tag, self.seconds = answer.headers.get("etag", ""), _poll_seconds(answer.text)
            self.changed.wait(self.seconds)

    def listen(self) -> None:
        """Until it is closed."""
        self.stop.wait(self.first_after)
        since = "latest"
        while not self.stop.is_set():
            begun = time.monotonic()
            said = self.browser.get("/changes", params={"after": since}).json()
            since = said["next"]
            if said["changed"]:
                self.changed.set()
            waited = time.monotonic() - begun
            self.stop.wait(SOONEST_SECONDS if waited > self.seconds else SELDOM * self.seconds)


def _poll_seconds(page: str) -> float:
    # By no parser: what the pollers take is taken from what they are to measure.
    found = _POLL.search(page)
    return float(found[1]) if found else DEFAULT_POLL_SECONDS


@contextmanager
def _open_dashboards(system: System, browser: httpx.Client, count: int) -> Iterator[list[Poller]]:
    """So many, on all pages by turns."""
    stop = threading.Event()
    places = [place for place in _places(system).values() if browser.get(place).status_code == 200]
    pollers = [
        Poller(browser, places[number % len(places)], stop, DEFAULT_POLL_SECONDS * number / count)
        for number in range(count)
    ]
    does = [each for poller in pollers for each in (poller.poll, poller.listen)]
    threads = [threading.Thread(target=each, daemon=True) for each in does]
    for thread in threads:
        thread.start()
    yield pollers
    stop.set()
    for poller in pollers:
        poller.changed.set()
    for thread in threads:
        thread.join(30)


def _dashboards(options: Options, site: Site) -> list[Figure]:
    with site.system() as system:
        fill(system.engine, RUNS)
        system.start("web")
        eventually(lambda: system.api.get("/health/live").status_code == 200, ignoring=httpx.HTTPError)
        with _signed_in(system) as browser, _open_dashboards(system, browser, DASHBOARDS) as pollers:
            at_rest = [_web_share(system) for _ in range(options.runs)]
        answers = [status for poller in pollers for status in poller.answers]
    assert set(answers) <= {200, 304}, set(answers)
    rates: dict[bool, list[float]] = {False: [], True: []}
    shares = []
    for _ in range(options.runs):
        for has_dashboards in rates:
            rate, share = _drain(site, DRAINS * options.runs_to_drain, DASHBOARDS if has_dashboards else 0)
            rates[has_dashboards].append(rate)
            shares += [share] if has_dashboards else []
    return [
        Figure(f"{DASHBOARDS} dashboards: CPU of web while nothing runs", at_rest, "% of a core", "<= 10"),
        Figure(f"{DASHBOARDS} dashboards: answers that were 304", [100 * answers.count(304) / len(answers)], "%"),
        Figure(f"{DASHBOARDS} dashboards: CPU of web while a queue is drained", shares, "% of a core", "<= 10"),
        Figure("drained without dashboards", rates[False], "runs/s"),
        Figure(f"drained with {DASHBOARDS} dashboards", rates[True], "runs/s"),
        ratios(f"drained with {DASHBOARDS} dashboards ÷ without", rates[True], rates[False], ">= 0.97"),
        Figure("… of the medians", [median(rates[True]) / median(rates[False])], "x", ">= 0.97"),
    ]


def _web_share(system: System) -> float:
    """How much of a core the web process takes, in per cent."""
    before, begun = system.cpu_seconds()["web"], time.monotonic()
    time.sleep(AT_REST_SECONDS)
    return 100 * (system.cpu_seconds()["web"] - before) / (time.monotonic() - begun)


def _drain(site: Site, count: int, dashboards: int) -> tuple[float, float]:
    """Runs per second of a worker as deployed, and the share of a core that the web process takes meanwhile."""
    with site.system() as system:
        system.announce()
        system.plan(count)
        system.start("web")
        eventually(lambda: system.api.get("/health/live").status_code == 200, ignoring=httpx.HTTPError)
        with _signed_in(system) as browser, _open_dashboards(system, browser, dashboards):
            system.start("scheduling")
            system.start("worker", command=WORKER.format(processes=2))
            system.stamps.wait(1)
            before, begun = system.cpu_seconds()["web"], time.monotonic()
            system.stamps.wait(count)
            end = system.wait_until_ended()
            share = 100 * (system.cpu_seconds()["web"] - before) / (time.monotonic() - begun)
        return count / (end - system.stamps.times()[0]), share
