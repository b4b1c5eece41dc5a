"""The overview: what needs a look, what runs, how it went, what is next."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from markupsafe import Markup

from api.dashboard.charts import Bar, bars
from api.dashboard.frame.asking import link_with
from api.dashboard.frame.page import COUNTED, Page
from api.dashboard.frame.visits import PageRoute, Visit
from api.shapes.readiness import Readiness, read_readiness
from api.shapes.run_json import show_listed
from api.web.fields import count_of
from api.web.kept import Kept
from models.finding.finds import count_runs
from models.forecast import schedules_due_until
from models.overview.attention import find_noticed
from models.overview.late import LOOKED_AT, late_runs
from models.queues import get_hold
from models.runs import list_runs
from models.schedules import count_schedules
from models.sql.scope import scope_parameters
from models.statistics.reading import Outcomes, Window, read_outcomes
from models.words.roles import Role, Scope
from models.words.states import State

SHOWN = 10
RUNNING_SHOWN = 20
AHEAD = timedelta(days=1)
SHARES = (0.5, 0.95, 0.99)

KEPT_SECONDS = 5.0


@dataclass(frozen=True)
class Some:
    """The first of a list, and how many there are: where `capped`, at least so many."""

    items: Sequence[Any]
    number: int
    capped: bool = False

    @property
    def are_all(self) -> bool:
        """Whether there are no others."""
        return self.number <= len(self.items)


@dataclass(frozen=True)
class Standing:
    """How a part of the service stands: `kind` is good, bad or calm."""

    part: str
    kind: str
    words: str


@dataclass(frozen=True)
class Figures:
    """What the statistics say of a window: how runs ended, how many began, and how late they did, in seconds."""

    window: str
    outcomes: Markup
    begun: int
    lateness: Sequence[float | None]


_figures: Kept[list[Figures]] = Kept(KEPT_SECONDS)
_readiness: Kept[Readiness] = Kept(KEPT_SECONDS)


def show_overview(visit: Visit) -> Page:
    """All of it; of what a visitor sees in part, that part."""
    only = visit.only
    with visit.engine.connect() as connection:
        noticed = find_noticed(connection, SHOWN, only)
        coming = schedules_due_until(connection, datetime.now(UTC) + AHEAD, SHOWN, only=only)
        shown = {
            "hold": get_hold(connection),
            "running": _running(connection, only),
            "late": _late(connection, only),
            "unplanned": Some(noticed.late.items, noticed.late.number),
            "failing": Some(noticed.failing.items, noticed.failing.number),
            "paused": Some(noticed.paused.items, noticed.paused.number),
            "coming": coming,
            "is_empty": not coming and not count_schedules(connection, 0, only=only),
        }
    readiness = _readiness.ask(visit.engine, lambda: read_readiness(visit.engine))
    shown |= {
        "figures": None if only else _figures.ask(visit.engine, lambda: _read_figures(visit.engine)),
        "health": list(_standings(readiness)),
        "problems": _problems(readiness, only),
        "may_operate": visit.may(Role.OPERATOR),
        "may_edit": visit.may(Role.EDITOR),
    }
    return Page("overview.html", "Overview", shown)


PAGES = (PageRoute("GET", "/", show_overview, Role.VIEWER, heeds_scope=True),)


def _running(connection: sa.Connection, only: Scope | None) -> Some:
    filters: dict[str, Any] = {"states": [State.RUNNING.value]} | ({} if only is None else scope_parameters(only))
    page = list_runs(connection, RUNNING_SHOWN, filters)
    items = [show_listed(row) for row in page.runs]
    if page.next is None:
        return Some(items, len(items))
    found, is_cut = count_runs(connection, COUNTED, filters)
    count = count_of(found, COUNTED, is_cut=is_cut)
    return Some(items, count.value, count.capped)


def _late(connection: sa.Connection, only: Scope | None) -> Some:
    runs, number = late_runs(connection, SHOWN, only)
    return Some(runs, number, capped=number >= LOOKED_AT)


def _read_figures(engine: sa.Engine) -> list[Figures]:
    with engine.connect() as connection:
        outcomes = read_outcomes(connection)
    return [Figures(each.window.name, _chart(each), len(each.lateness), each.quantiles(*SHARES)) for each in outcomes]


def _chart(outcomes: Outcomes) -> Markup:
    items = [
        Bar(state.value, number, state.value, _runs_that(state, outcomes.window))
        for state, number in outcomes.runs.items()
    ]
    return bars(f"outcomes-{outcomes.window.seconds}", f"The last {outcomes.window.name}", items, "runs")


def _runs_that(state: State, window: Window) -> str:
    return link_with("/runs", {"state": state.value, "since": window.name.replace(" ", "")})


def _standings(readiness: Readiness) -> Iterator[Standing]:
    facts = readiness.facts
    if not facts.migrations:
        yield Standing("Database", "bad", "away, or not migrated")
        return
    yield Standing("Scheduling", *(("good", "at work") if readiness.is_ticking else ("bad", "does no rounds")))
    live = facts.workers or 0
    yield Standing("Workers", "good" if live else "bad", f"{live} live" if live else "none is live")
    match facts.broker:
        case True:
            yield Standing("Broker", "good", "connected")
        case False:
            yield Standing("Broker", "bad", "scheduling has no connection")
        case None:
            yield Standing("Broker", "calm", "not known: scheduling has not lately said")


def _problems(readiness: Readiness, only: Scope | None) -> list[str]:
    return readiness.outages + [
        trouble.named if only is None else trouble.anonymous for trouble in readiness.facts.troubles
    ]
