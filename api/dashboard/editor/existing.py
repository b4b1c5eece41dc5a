"""`/schedules/{name}/edit`: a definition is changed, and nobody's change is lost."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from api.access.auth import NotAllowed
from api.access.scope import check_seen
from api.dashboard.editor.draft import Draft, all_faults, draft_of, find_actor
from api.dashboard.editor.form import texts_of
from api.dashboard.editor.meanwhile import (
    Meanwhile,
    changes_between,
    stored_values,
    theirs_over_yours,
    values_before,
    who_saved,
    yours_over_theirs,
)
from api.dashboard.editor.new import NEW, folds_arguments, page_of_schedule, show_lost
from api.dashboard.editor.view import Sheet, page_of_sheet
from api.dashboard.frame.asking import link_with
from api.dashboard.frame.page import Page, Redirect
from api.dashboard.frame.visits import Visit
from api.shapes.schedule_json import entity_tag, schedule_or_404
from models.definition import Definition
from models.schedules import StoredSchedule, get_schedule, lock_schedule
from scheduling.commands import edit
from scheduling.commands.audit import differences
from scheduling.commands.faults import Conflict, Refused

_STATUSES = {Refused: 422, Conflict: 409, NotAllowed: 403}
_THEIRS = "What the others have changed stands in the form now, beside what you have. Nothing is saved yet."


@dataclass(frozen=True)
class _Edit:
    """A form that was sent, and the schedule as it is now. `before` is what the form had shown; empty if not known."""

    row: StoredSchedule
    before: Mapping[str, Any]
    draft: Draft
    yours: Mapping[str, Any]
    meanwhile: Meanwhile | None


def show_existing(visit: Visit) -> Page:
    """The form with the definition as it is."""
    with visit.engine.connect() as connection:
        row = schedule_or_404(connection, visit.params["name"])
        actor, arguments = find_actor(connection, row.actor)
        texts = texts_of(stored_values(row), arguments)
        return page_of_sheet(connection, replace(_sheet(visit, row), texts=texts, arguments=arguments, actor=actor))


def save_existing(visit: Visit) -> Page | Redirect:
    """Save it; with `show` the form is only shown again, with what it says."""
    name = visit.params["name"]
    if visit.form.get("show"):
        return _again(visit)
    try:
        with visit.engine.begin() as connection:
            row = lock_schedule(connection, name)
            return show_lost(visit, connection, name) if row is None else _save(visit, connection, row)
    except (Refused, Conflict, NotAllowed) as error:
        return _again(visit, error)


def _save(visit: Visit, connection: sa.Connection, row: StoredSchedule) -> Page | Redirect:
    edited = _read(visit, connection, row)
    stored = stored_values(row)
    definition, _ = edited.draft.read.definition()
    if edited.meanwhile is not None:
        answer = visit.form.get("answer") if visit.form.get("seen") == edited.meanwhile.tag else None
        if answer == "theirs":
            return _show_theirs(connection, visit, edited)
        if answer != "mine":
            return _show(connection, visit, edited, status=409)
    if definition is None:
        raise Refused(all_faults(connection, visit.form, edited.draft))
    if edited.meanwhile is not None:
        definition = Definition.model_validate(yours_over_theirs(edited.before, stored, edited.yours))
    back = page_of_schedule(row.name)
    if not differences(stored, definition.columns()):
        return Redirect(back, "Nothing was changed.")
    edit.replace(connection, row, definition, visit.by)
    check_seen(visit.only, schedule_or_404(connection, row.name))
    return Redirect(back, f"It was saved, as version {row.version + 1}.")


def _read(visit: Visit, connection: sa.Connection, row: StoredSchedule) -> _Edit:
    stored, tag = stored_values(row), _tag(row)
    given = visit.form.get("version") or tag
    before = stored if given == tag else values_before(connection, row.name, given) or {}
    draft = draft_of(connection, visit.form, before or stored)
    made, _ = draft.read.definition()
    yours = draft.read.values if made is None else made.columns()
    changes = [] if given == tag else changes_between(before, stored, yours)
    meanwhile = Meanwhile(tag, who_saved(connection, row.name, given), changes) if changes else None
    return _Edit(row, before, draft, yours, meanwhile)


def _again(visit: Visit, error: Exception | None = None) -> Page:
    """The form with what was typed, and what is wrong with it."""
    with visit.engine.connect() as connection:
        row = get_schedule(connection, visit.params["name"])
        if row is None:
            return show_lost(visit, connection, visit.params["name"])
        return _show(connection, visit, _read(visit, connection, row), error, _STATUSES.get(type(error), 200))


def _show(
    connection: sa.Connection, visit: Visit, edited: _Edit, error: Exception | None = None, status: int = 200
) -> Page:
    draft = edited.draft
    sheet = replace(
        _sheet(visit, edited.row),
        texts=draft.texts,
        arguments=draft.arguments,
        actor=draft.actor,
        version=visit.form["version"] if edited.meanwhile else _tag(edited.row),
        faults=error.faults if isinstance(error, Refused) else draft.read.faults,
        meanwhile=edited.meanwhile,
        status=status,
    )
    if error is not None and not isinstance(error, Refused):
        sheet = replace(sheet, trouble=str(error))
    return page_of_sheet(connection, sheet)


def _show_theirs(connection: sa.Connection, visit: Visit, edited: _Edit) -> Page:
    """The form with what the others have changed, and the rest of it as it was sent."""
    values = theirs_over_yours(edited.before, stored_values(edited.row), edited.yours)
    actor, arguments = find_actor(connection, str(values.get("actor", "")))
    wrong = {str(fault.path[0]) for fault in edited.draft.read.faults}
    typed = {name: text for name, text in edited.draft.texts.items() if name in wrong}
    sheet = _sheet(visit, edited.row)
    hints = (*sheet.hints, _THEIRS)
    texts = texts_of(values, arguments) | typed
    return page_of_sheet(connection, replace(sheet, texts=texts, arguments=arguments, actor=actor, hints=hints))


def _sheet(visit: Visit, row: StoredSchedule) -> Sheet:
    """What every page about this schedule has."""
    is_code, file = row.source == edit.CODE, row.source.removeprefix("file:")
    links = ((page_of_schedule(row.name), f"Back to {row.name}"), (link_with(NEW, {"from": row.name}), "Duplicate"))
    drift = f"It comes from the file {file}: what you change here is shown as a difference when that is applied again."
    return Sheet(
        title=f"Edit {row.name}",
        action=link_with(f"/schedules/{row.name}/edit", {}),
        texts={},
        arguments=(),
        actor=None,
        version=_tag(row),
        trouble="It is declared in code: it is changed there. It can be paused and triggered here."
        if is_code
        else None,
        hints=() if file == row.source else (drift,),
        links=links,
        may_save=not is_code,
        only=visit.only,
        of=row.name,
        folds=folds_arguments(visit),
    )


def _tag(row: StoredSchedule) -> str:
    return entity_tag(row).strip('"')
