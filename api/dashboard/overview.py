"""The overview: what needs a look, what runs, how it went, what is next."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from markupsafe import Markup

from api.dashboard.charts import Bar, bars
from api.dashboard.frame.asking import link_with
from api.dashboard.frame.page import Page
from api.dashboard.frame.visits import PageRoute, Visit
from api.shapes.readiness import Readiness, read_readiness
from api.shapes.run_json import show_listed
from api.web.fields import COUNTED, count_of
from api.web.kept import Kept
from models.forecast import schedules_due_until
from models.overview import attention
from models.overview.late import LOOKED_AT, late_runs
from models.queues import get_hold
from models.run_finds import count_runs
from models.runs import list_runs
from models.schedules import count_schedules
from models.sql.clock import read_clock
from models.sql.scope import scope_parameters
from models.statistics.reading import Outcomes, Window, read_outcomes
from models.words.roles import Role, Scope
from models.words.states import State

SHOWN = 10
RUNNING_SHOWN = 20
AHEAD = timedelta(days=1)
SHARES = (0.5, 0.95, 0.99)

KEPT_SECONDS = 5.0
_outcomes: Kept[list[Outcomes]] = Kept(KEPT_SECONDS)
_readiness: Kept[Readiness] = Kept(KEPT_SECONDS)


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


def show_overview(visit: Visit) -> Page:
    """All of it; of what a visitor sees in part, that part."""
    only = visit.only
    with visit.engine.connect() as connection:
        shown = {
            "hold": get_hold(connection),
            "running": _running(connection, only),
            "late": _counted(*late_runs(connection, SHOWN, only), LOOKED_AT),
            "unplanned": _counted(*attention.late_schedules(connection, SHOWN, only)),
            "failing": _counted(*attention.failing_schedules(connection, SHOWN, only)),
            "paused": _counted(*attention.paused_schedules(connection, SHOWN, only)),
            "coming": schedules_due_until(connection, read_clock(connection) + AHEAD, SHOWN, only=only),
            "is_empty": not count_schedules(connection, 0, only=only),
        }
    outcomes = None if only else _outcomes.ask(visit.engine, lambda: _read_outcomes(visit.engine))
    readiness = _readiness.ask(visit.engine, lambda: read_readiness(visit.engine))
    shown |= {
        "outcomes": [(each.window, _chart(each)) for each in outcomes or ()],
        "lateness": [(each.window.name, len(each.lateness), each.quantiles(*SHARES)) for each in outcomes or ()],
        "sees_all": only is None,
        "health": list(_standings(readiness)),
        "problems": _problems(readiness, only),
        "may_operate": visit.may(Role.OPERATOR),
        "may_edit": visit.may(Role.EDITOR),
    }
    return Page("overview.html", "Overview", shown)


PAGES = (PageRoute("GET", "/", show_overview, Role.VIEWER, heeds_scope=True),)


def _running(connection: sa.Connection, only: Scope | None) -> Some:
    filters: dict[str, Any] = {"states": [State.RUNNING.value]} | ({} if only is None else scope_parameters(only))
    found, is_cut = count_runs(connection, COUNTED, filters)
    count = count_of(found, is_cut=is_cut)
    page = list_runs(connection, RUNNING_SHOWN, filters)
    return Some([show_listed(row) for row in page.runs], count.value, count.capped)


def _counted(items: Sequence[Any], number: int, looked_at: float = float("inf")) -> Some:
    return Some(items, number, number >= looked_at)


def _read_outcomes(engine: sa.Engine) -> list[Outcomes]:
    with engine.connect() as connection:
        return read_outcomes(connection)


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
