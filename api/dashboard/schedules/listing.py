"""The list of schedules, with its filters."""

from typing import Any

import sqlalchemy as sa

from api.dashboard.frame.asking import asked, link_with
from api.dashboard.frame.page import Page
from api.dashboard.frame.visits import PageRoute, Visit
from api.dashboard.schedules.outcomes import draw_small
from api.dashboard.schedules.paths import ALL, BULK, path_to
from api.shapes.schedule_body import ScheduleQuery
from api.shapes.schedule_json import show_schedules
from api.web.fields import COUNTED, count_of, page_of
from models import schedules
from models.schedules import StoredSchedule
from models.slots import newest_outcomes
from models.words.roles import Role
from scheduling.slots.due import spec_of
from scheduling.slots.words import say_spec

FILTERS = ("q", "state", "actor", "tag", "prefix", "source")
SHOWN = 100
MOST_SHOWN = 100
"""A page draws the outcomes of each, so it has no more of them than that."""


def list_schedules(visit: Visit) -> Page:
    """Schedules by name, with their filters as chips."""
    query = asked(ScheduleQuery, {"limit": str(SHOWN)} | dict(visit.query))
    chosen = chosen_of(query)
    limit = min(query.limit, MOST_SHOWN)
    which: dict[str, Any] = {"only": visit.only, **chosen}
    with visit.engine.connect() as connection:
        rows = schedules.list_schedules(connection, limit + 1, after=query.cursor, **which)
        count = count_of(schedules.count_schedules(connection, COUNTED, **which))
        page, cursor = page_of(rows, limit, lambda row: row, lambda last: last.name)
        items = _items(connection, page)
    shown = {
        "items": items,
        "more": link_with(ALL, chosen, cursor=cursor) if cursor else None,
        "count": count,
        "chosen": chosen,
        "chips": [(name, value, link_with(ALL, chosen, **{name: None})) for name, value in chosen.items()],
        "bulk": BULK,
        "may_operate": visit.may(Role.OPERATOR),
        "may_edit": visit.may(Role.EDITOR),
    }
    return Page("schedules/listing.html", "Schedules", shown)


PAGES = (PageRoute("GET", ALL, list_schedules, Role.VIEWER, heeds_scope=True),)


def chosen_of(query: ScheduleQuery) -> dict[str, str]:
    """The filters that are given."""
    return {name: getattr(query, name) for name in FILTERS if getattr(query, name)}


def words_of(row: StoredSchedule) -> str | None:
    """When it is due, in words; none for what a release before has stored and this one can't read."""
    try:
        return say_spec(spec_of(row))
    except ValueError:
        return None


def _items(connection: sa.Connection, rows: list[StoredSchedule]) -> list[dict[str, Any]]:
    """What the page shows of each."""
    outcomes = newest_outcomes(connection, [row.id for row in rows])
    return [
        {
            "schedule": shown,
            "page": path_to(row.name),
            "words": words_of(row) if row.cron else None,
            "outcomes": draw_small(f"outcomes-{row.id.hex}", row.name, outcomes.get(row.id, "[]")),
        }
        for row, shown in zip(rows, show_schedules(connection, rows), strict=True)
    ]
