"""`/schedules/new`: a schedule is written, from nothing or from one that is there."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from api.access.auth import NotAllowed
from api.access.scope import check_seen
from api.dashboard.editor.draft import all_faults, draft_of, find_actor
from api.dashboard.editor.form import ARGS, defaults, texts_of
from api.dashboard.editor.meanwhile import stored_values
from api.dashboard.editor.view import Sheet, page_of_sheet
from api.dashboard.frame.asking import link_with
from api.dashboard.frame.page import Page, Redirect
from api.dashboard.frame.visits import Visit
from api.shapes.schedule_json import schedule_or_404
from models.schedules import get_schedule
from models.words.faults import Fault
from models.words.kinds import NAME_PATTERN
from models.words.text import is_storable
from scheduling.commands import edit
from scheduling.commands.faults import NotFound, Refused

NEW = "/schedules/new"
TITLE = "New schedule"
_NO_NAME = "must be of lower-case letters, digits, dots, dashes and underscores, and begin with a letter or a digit"


def show_new(visit: Visit) -> Page:
    """An empty form; `from` names the schedule whose definition stands in it, `actor` what it is to run."""
    with visit.engine.connect() as connection:
        values = _beginning(visit, connection)
        actor, arguments = find_actor(connection, str(values.get("actor", "")))
        texts, links = texts_of(values, arguments), _links(visit, connection)
        sheet = Sheet(TITLE, NEW, texts, arguments, actor, name="", links=links, only=visit.only)
        return page_of_sheet(connection, replace(sheet, folds=bool(values.get(ARGS)) and folds_arguments(visit)))


def save_new(visit: Visit) -> Page | Redirect:
    """Create it; with `show` the form is only shown again, with what it says."""
    if visit.form.get("show"):
        return _again(visit)
    name = visit.form.get("name", "").strip()
    try:
        with visit.engine.begin() as connection:
            draft = draft_of(connection, visit.form, defaults())
            definition, _ = draft.read.definition()
            faults = _faults_of_name(name)
            if faults or definition is None:
                raise Refused([*faults, *all_faults(connection, visit.form, draft)])
            if not edit.create(connection, name, definition, visit.by, paused=visit.form.get("paused") == "true"):
                return _again(visit, [Fault(("name",), "there is a schedule of that name")], status=409)
            check_seen(visit.only, schedule_or_404(connection, name))
    except Refused as error:
        return _again(visit, error.faults, status=422)
    except NotAllowed as error:
        return _again(visit, trouble=str(error), status=403)
    return Redirect(page_of_schedule(name), "It was created.")


def show_lost(visit: Visit, connection: sa.Connection, name: str) -> Page:
    """What somebody has written of a schedule that others have deleted meanwhile."""
    trouble = f"{name} was deleted meanwhile. What you have written is still here: saved, it is created again."
    return page_of_sheet(connection, replace(_sheet(visit, connection), name=name, trouble=trouble, status=409))


def page_of_schedule(name: str) -> str:
    """Where a schedule is shown; one that is called as this page is, beside it."""
    return link_with(f"/schedules/{name}/page" if name == "new" else f"/schedules/{name}", {})


def folds_arguments(visit: Visit) -> bool:
    """Whether arguments are shown when somebody asks for them; somebody who writes them has."""
    return not visit.settings.dashboard.show_arguments and visit.form.get("show") != "fields"


def _again(visit: Visit, faults: Sequence[Fault] = (), *, trouble: str | None = None, status: int = 200) -> Page:
    with visit.engine.connect() as connection:
        sheet = _sheet(visit, connection)
        return page_of_sheet(connection, replace(sheet, faults=faults or sheet.faults, trouble=trouble, status=status))


def _sheet(visit: Visit, connection: sa.Connection) -> Sheet:
    """With what was typed."""
    draft = draft_of(connection, visit.form, defaults())
    return Sheet(
        TITLE,
        NEW,
        draft.texts,
        draft.arguments,
        draft.actor,
        name=visit.form.get("name", "").strip(),
        faults=draft.read.faults,
        links=_links(visit, connection),
        only=visit.only,
    )


def _beginning(visit: Visit, connection: sa.Connection) -> dict[str, Any]:
    """What stands in the form at first. Raises NotFound for a schedule that is not there, or not seen."""
    if (source := visit.query.get("from")) is None:
        return defaults() | ({"actor": visit.query["actor"]} if "actor" in visit.query else {})
    row = get_schedule(connection, source) if is_storable(source) else None
    if row is None or (visit.only is not None and not visit.only.holds(row.name, row.tags)):
        raise NotFound("schedule")
    return stored_values(row)


def _links(visit: Visit, connection: sa.Connection) -> list[tuple[str, str]]:
    """To the schedule that is called as this page is, if there is one."""
    row = get_schedule(connection, "new")
    is_seen = row is not None and (visit.only is None or visit.only.holds(row.name, row.tags))
    return [(page_of_schedule("new"), "The schedule that is named new")] if is_seen else []


def _faults_of_name(name: str) -> list[Fault]:
    if re.fullmatch(NAME_PATTERN, name):
        return []
    return [Fault(("name",), _NO_NAME if name else "required")]
