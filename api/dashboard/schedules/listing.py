"""The list of schedules, with its filters."""

from typing import Any

from api.dashboard.frame.asking import asked, link_with
from api.dashboard.frame.page import Page
from api.dashboard.frame.visits import PageRoute, Visit
from api.shapes.schedule_body import ScheduleQuery
from api.shapes.schedule_json import show_schedules
from api.web.fields import COUNTED, count_of, page_of
from models import schedules
from models.words.roles import Role

ALL = "/schedules"
FILTERS = ("q", "state", "actor", "tag", "prefix", "source")
SHOWN = 100


def list_schedules(visit: Visit) -> Page:
    """Schedules by name, with their filters as chips."""
    query = asked(ScheduleQuery, {"limit": str(SHOWN)} | dict(visit.query))
    chosen = {name: getattr(query, name) for name in FILTERS if getattr(query, name)}
    which: dict[str, Any] = {"only": visit.only, **chosen}
    with visit.engine.connect() as connection:
        rows = schedules.list_schedules(connection, query.limit + 1, after=query.cursor, **which)
        count = count_of(schedules.count_schedules(connection, COUNTED, **which))
        page, cursor = page_of(rows, query.limit, lambda row: row, lambda last: last.name)
        items = show_schedules(connection, page)
    chips = [(name, value, link_with(ALL, chosen, **{name: None})) for name, value in chosen.items()]
    more = link_with(ALL, chosen, cursor=cursor) if cursor else None
    shown = {"items": items, "more": more, "count": count, "chosen": chosen, "chips": chips}
    return Page("schedules/listing.html", "Schedules", shown)


PAGES = (PageRoute("GET", ALL, list_schedules, Role.VIEWER, heeds_scope=True),)
