"""The page of the timeline."""

from datetime import timedelta
from functools import lru_cache
from typing import Any

from markupsafe import Markup

from api.dashboard.charts import Row, gantt
from api.dashboard.frame.asking import link_with
from api.dashboard.frame.page import Page
from api.dashboard.frame.visits import PageRoute, Visit
from api.dashboard.timeline.coming import forecast_of, zones_of
from api.dashboard.timeline.rows import CELLS, left_out, rows_of
from api.dashboard.timeline.window import FILTERS, HOURS, TimelineQuery, Window, query_of, window_of
from api.shapes.forecast import LOOKED_AT, next_hour
from api.web.fields import page_of
from models import schedules
from models.forecast import EACH, FEW, LAST, median_durations, schedules_due_until, what_ran
from models.sql.clock import read_clock
from models.words.instants import write_instant
from models.words.roles import Role
from models.words.states import State
from scheduling.cron.zones import load_zone

PATH = "/timeline"
SHOWN = 30
"""So many schedules are on one page."""


def show_timeline(visit: Visit) -> Page:
    """What ran, what runs and what is to come, in rows; and the load of the next week."""
    query = query_of(visit.query)
    which: dict[str, Any] = {name: getattr(query, name) for name in FILTERS}
    with visit.engine.connect() as connection:
        window = window_of(query, read_clock(connection))
        found = schedules.list_schedules(connection, SHOWN + 1, after=query.cursor, only=visit.only, **which)
        shown, cursor = page_of(found, SHOWN, lambda row: row, lambda last: last.name)
        ids = [schedule.id for schedule in shown]
        ran = what_ran(connection, ids, window.since, window.until, window.length / CELLS)
        usual = median_durations(connection, ids)
        horizon = next_hour(window.now) + timedelta(days=8)
        due = schedules_due_until(connection, horizon, LOOKED_AT + 1, only=visit.only, **which)
    rows = rows_of(shown, ran, usual, window)
    is_running = any(each.states[State.RUNNING] for each in ran)
    values: dict[str, Any] = {
        "query": query, "window": window, "chart": _drawn(rows, window, query.timezone),
        "poll": 2 if is_running else 5, "few": FEW, "each": EACH,
        "last": LAST, "hours": HOURS, "links": _links(query, window, cursor), "chosen": _chosen(query),
        "left_out": left_out(shown, ran, window), "looked_at": LOOKED_AT if len(due) > LOOKED_AT else None,
        "coming": forecast_of(due[:LOOKED_AT], window.now, query.timezone), "zones": zones_of(due, query.timezone),
    }  # fmt: skip
    return Page("timeline.html", "Timeline", values)


PAGES = (PageRoute("GET", PATH, show_timeline, Role.VIEWER, heeds_scope=True),)


# Drawing takes longer than all else, and of what is asked for again most is as it was.
@lru_cache(maxsize=64)
def _drawn(rows: tuple[Row, ...], window: Window, zone: str) -> Markup:
    return gantt("runs", "Runs by schedule", rows, window.since, window.until, window.now, load_zone(zone))


def _chosen(query: TimelineQuery) -> dict[str, Any]:
    """What is asked for besides what is so anyway."""
    chosen = query.model_dump(exclude_defaults=True)
    return chosen | {name: write_instant(chosen[name]) for name in ("since", "until") if name in chosen}


def _links(query: TimelineQuery, window: Window, cursor: str | None) -> dict[str, str]:
    """Where one can go from here."""
    chosen, ends = _chosen(query), {"since": None, "until": None}
    links = {name: link_with(PATH, chosen, **to) for name, to in _ways(window) if to}
    if query.since or query.until:
        links["Now"] = link_with(PATH, chosen, **ends)
    if query.cursor:
        links["First schedules"] = link_with(PATH, chosen, cursor=None)
    if cursor:
        links["More schedules"] = link_with(PATH, chosen, cursor=cursor)
    return links


def _ways(window: Window) -> tuple[tuple[str, dict[str, str] | None], ...]:
    return ("Earlier", window.earlier), ("Later", window.later)
