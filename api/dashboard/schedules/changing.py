"""What changes a schedule for good, each with a page that asks first: going back to a version, and deleting it.

The forms carry which definition they were made of: if somebody has edited it meanwhile, they ask again.
"""

from typing import Any

import sqlalchemy as sa
from pydantic import Field

from api.access.scope import check_seen
from api.dashboard.frame.asking import asked
from api.dashboard.frame.page import Page, Redirect
from api.dashboard.frame.visits import PageRoute, Visit
from api.dashboard.schedules.changes import changes_of, folded_fields
from api.dashboard.schedules.paths import ALL, ONE, below, path_to
from api.shapes.schedule_json import entity_tag, schedule_or_404
from api.web.fields import Query
from models.definition import COLUMNS
from models.schedules import StoredSchedule
from models.words.bounds import MAX_INT
from models.words.roles import Role
from scheduling.commands import edit
from scheduling.commands.audit import differences

STALE = (
    "Somebody has changed the schedule since this page was loaded. It is now as below: look again, and decide again."
)


class RollbackForm(Query):
    """Back to which version, from which definition, and why."""

    version: int = Field(ge=1, le=MAX_INT)
    reason: str | None = Field(default=None, max_length=1000)
    if_match: str = ""


class DeleteForm(Query):
    """Which definition is to go."""

    if_match: str = ""


def ask_to_roll_back(visit: Visit) -> Page | Redirect:
    """What going back to a version would change."""
    if not visit.query:
        return Redirect(f"{below(visit.params['name'])}/versions")
    form = asked(RollbackForm, visit.query)
    with visit.engine.connect() as connection:
        return _rollback_page(visit, connection, schedule_or_404(connection, visit.params["name"]), form)


def roll_back_schedule(visit: Visit) -> Page | Redirect:
    """Give it the definition of an earlier version again, as a new version."""
    form = asked(RollbackForm, {name: value for name, value in visit.form.items() if value})
    with visit.engine.begin() as connection:
        row = edit.lock(connection, visit.params["name"])
        if form.if_match != entity_tag(row):
            return _rollback_page(visit, connection, row, form, STALE)
        edit.roll_back(connection, row, form.version, visit.by, form.reason)
        check_seen(visit.only, schedule_or_404(connection, row.name))
    return Redirect(path_to(row.name), f"It is as it was in version {form.version}.")


def ask_to_delete(visit: Visit) -> Page:
    """What deleting it means."""
    with visit.engine.connect() as connection:
        return _delete_page(schedule_or_404(connection, visit.params["name"]))


def delete_schedule(visit: Visit) -> Page | Redirect:
    """Delete it. Its runs stay, and those already planned still run."""
    form = asked(DeleteForm, visit.form)
    with visit.engine.begin() as connection:
        row = edit.lock(connection, visit.params["name"])
        if form.if_match != entity_tag(row):
            return _delete_page(row, STALE)
        edit.delete(connection, row, visit.by)
    return Redirect(ALL, f"{row.name} is deleted.")


PAGES = (
    PageRoute("GET", f"{ONE}/rollback", ask_to_roll_back, Role.EDITOR),
    PageRoute("POST", f"{ONE}/rollback", roll_back_schedule, Role.EDITOR),
    PageRoute("GET", f"{ONE}/delete", ask_to_delete, Role.EDITOR),
    PageRoute("POST", f"{ONE}/delete", delete_schedule, Role.EDITOR),
)


def _rollback_page(
    visit: Visit, connection: sa.Connection, row: StoredSchedule, form: RollbackForm, stale: str | None = None
) -> Page:
    definition = edit.definition_of(connection, row.name, form.version)
    changes = differences({column: getattr(row, column) for column in COLUMNS}, definition.columns())
    shown: dict[str, Any] = _asking(row, stale) | {
        "version": form.version,
        "reason": form.reason or "",
        "changes": changes_of(changes, folded_fields(visit)),
    }
    title = f"Roll back {row.name} to version {form.version}"
    return Page("schedules/rollback.html", title, shown, 409 if stale else 200)


def _delete_page(row: StoredSchedule, stale: str | None = None) -> Page:
    return Page("schedules/delete.html", f"Delete {row.name}", _asking(row, stale), 409 if stale else 200)


def _asking(row: StoredSchedule, stale: str | None) -> dict[str, Any]:
    return {"row": row, "here": below(row.name), "page": path_to(row.name), "if_match": entity_tag(row), "stale": stale}
