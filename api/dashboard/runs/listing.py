"""The list of runs, newest first, with its filters."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from api.dashboard.frame.asking import link_with
from api.dashboard.frame.page import COUNTED, Page
from api.dashboard.frame.visits import PageRoute, Visit
from api.dashboard.runs.chosen import chosen_of
from api.shapes.run_json import ListedRunJson, show_listed
from api.shapes.run_query import filters_of
from api.web.fields import CountJson, count_of
from models import runs
from models.finding.around import zones_of
from models.finding.finds import count_runs
from models.words.ids import instant_of
from models.words.roles import Role
from models.words.states import State, Trigger

ALL = "/runs"
SHOWN = 50
MOVING = (State.QUEUED, State.RUNNING)


def list_runs(visit: Visit) -> Page:
    """Runs, newest first, with their filters as chips."""
    chosen = chosen_of(visit, SHOWN)
    # A page and how far it has looked are of one moment: what is inserted or pruned between them shifts nothing.
    with visit.engine.execution_options(isolation_level="REPEATABLE READ").connect() as connection:
        filters = filters_of(connection, chosen.query, visit.only)
        page = runs.list_runs(connection, chosen.query.limit, filters)
        count = _count(connection, page, filters)
        items = [show_listed(row) for row in page.runs]
        zones = zones_of(connection, [each.schedule for each in items if each.schedule])
    shown = {
        "items": items,
        "errors": {each.id: _first_line(each) for each in items},
        "zones": zones,
        "count": count,
        "more": link_with(ALL, chosen.given, cursor=page.next) if page.next else None,
        "newest": link_with(ALL, chosen.given) if chosen.query.cursor else None,
        "looked_to": page.looked_to and instant_of(page.looked_to),
        "given": chosen.given,
        "states": [state.value for state in State],
        "triggers": [trigger.value for trigger in Trigger],
        "chips": chosen.chips(ALL),
        "is_moving": any(each.state in MOVING for each in items),
        "may_operate": visit.may(Role.OPERATOR),
    }
    return Page("runs/listing.html", "Runs", shown)


PAGES = (PageRoute("GET", ALL, list_runs, Role.VIEWER, heeds_scope=True),)


def _count(connection: sa.Connection, page: runs.Listed, filters: Mapping[str, Any]) -> CountJson:
    """How many there are. The first page tells that where it is all, or has looked at as many as a count may."""
    if filters["before"] is None and (page.next is None or page.looked_to is not None):
        return count_of(len(page.runs), is_cut=page.looked_to is not None)
    found, is_cut = count_runs(connection, COUNTED, filters, runs.SCANNED_ROWS)
    return count_of(found, COUNTED, is_cut=is_cut)


def _first_line(run: ListedRunJson) -> str:
    if run.error is None:
        return ""
    message = (run.error.message or "").strip().partition("\n")[0]
    return f"{run.error.type}: {message}" if message else run.error.type
