"""Versions of a schedule, all of them, page by page; also of one that was deleted."""

from pydantic import Field

from api.dashboard.frame.asking import asked, link_with
from api.dashboard.frame.page import Page
from api.dashboard.frame.visits import PageRoute, Visit
from api.dashboard.schedules.changes import folded_fields, versions_of
from api.dashboard.schedules.paths import ONE, below, path_to
from api.shapes.version_json import versions_or_404
from api.web.fields import Query
from models.schedules import get_schedule
from models.words.bounds import MAX_INT
from models.words.roles import Role
from scheduling.commands.edit import CODE

SHOWN = 50


class VersionsQuery(Query):
    """Which part of them."""

    cursor: int | None = Field(default=None, ge=1, le=MAX_INT)


def list_versions(visit: Visit) -> Page:
    """Definitions that schedules of this name have had, newest first."""
    name, query = visit.params["name"], asked(VersionsQuery, visit.query)
    with visit.engine.connect() as connection:
        rows = versions_or_404(connection, name, SHOWN + 1, query.cursor, visit.only)
        row = get_schedule(connection, name)
    has_more = len(rows) > SHOWN
    shown = {
        "name": name,
        "here": below(name),
        "page": path_to(name),
        "present": None if row is None else row.version,
        "may_roll_back": visit.may(Role.EDITOR) and row is not None and row.source != CODE,
        "versions": versions_of(rows[:SHOWN], folded_fields(visit)),
        "more": link_with(f"{below(name)}/versions", {"cursor": rows[SHOWN - 1].version}) if has_more else None,
    }
    return Page("schedules/versions.html", f"Versions of {name}", shown)


PAGES = (PageRoute("GET", f"{ONE}/versions", list_versions, Role.VIEWER),)
