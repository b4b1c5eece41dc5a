"""Actors: which workers have announced, what they take, and which schedules name them."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from api.dashboard.frame.asking import asked, link_with
from api.dashboard.frame.page import Page
from api.dashboard.frame.visits import PageRoute, Visit
from api.web.fields import ByName, page_of
from models.processes import count_by_actor, get_actors, list_actors, live_workers
from models.words.roles import Role

ALL = "/actors"
COUNTED = 10_000
"""So many schedules are counted."""

MOST_WORKERS = 500
SHOWN_WORKERS = 5
"""Of the live workers so many are looked at, and of those that announce an actor so many are named."""

SHOWN_UNKNOWN = 100


def show_actors(visit: Visit) -> Page:
    """Announced actors by name, and before them those that schedules name and nobody has announced."""
    query = asked(ByName, visit.query)
    with visit.engine.connect() as connection:
        rows = list_actors(connection, query.limit + 1, query.cursor)
        schedules = count_by_actor(connection, COUNTED, visit.only)
        known = get_actors(connection, schedules)
        workers = live_workers(connection, MOST_WORKERS) if visit.only is None else []
    items, cursor = page_of(rows, query.limit, lambda row: row, lambda last: last.name)
    unknown = [] if query.cursor else [name for name in schedules if name not in known]
    shown = {
        "items": [_shown(row, schedules, workers) for row in items],
        "unknown": [(name, schedules[name]) for name in unknown[:SHOWN_UNKNOWN]],
        "more_unknown": max(0, len(unknown) - SHOWN_UNKNOWN),
        "is_cut": sum(schedules.values()) >= COUNTED,
        "sees_workers": visit.only is None,
        "most": SHOWN_WORKERS,
        "more": link_with(ALL, {}, cursor=cursor) if cursor else None,
    }
    return Page("actors.html", "Actors", shown)


PAGES = (PageRoute("GET", ALL, show_actors, Role.VIEWER, heeds_scope=True),)


def _shown(row: sa.Row[Any], schedules: Mapping[str, int], workers: Sequence[sa.Row[Any]]) -> dict[str, Any]:
    return {
        "actor": row,
        "schedules": schedules.get(row.name, 0),
        "workers": [worker for worker in workers if row.name in (worker.actors or ())],
    }
