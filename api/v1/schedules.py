"""Schedules: list, create, get, replace, change, delete."""

from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter, ValidationError

from api.shapes.schedule_body import Name, NewSchedule, ScheduleBody, SchedulePatch, ScheduleQuery
from api.shapes.schedule_json import ScheduleJson, SchedulePage, entity_tag, schedule_or_404, show_schedules
from api.web.fields import COUNTED, count_of, page_of
from api.web.problems import Problem, invalid_field
from api.web.routes import Answer, Call, Route
from models import schedules
from models.schedules import StoredSchedule
from models.words.roles import Role
from scheduling.commands import edit
from scheduling.commands.faults import NotFound

ONE = "/v1/schedules/{name}"

_NAME: TypeAdapter[str] = TypeAdapter(Name)


def list_schedules(call: Call, query: ScheduleQuery) -> Answer:
    """List schedules by name."""
    filters = {"actor": query.actor, "tag": query.tag, "q": query.q, "prefix": query.prefix, "source": query.source}
    with call.engine.connect() as connection:
        which: dict[str, Any] = {"state": query.state, "only": call.only, **filters}
        rows = schedules.list_schedules(connection, query.limit + 1, after=query.cursor, **which)
        count = count_of(schedules.count_schedules(connection, COUNTED, **which)) if query.count else None
        page, cursor = page_of(rows, query.limit, lambda row: row, lambda last: last.name)
        return Answer(SchedulePage(items=show_schedules(connection, page), next=cursor, count=count))


def create_schedule(call: Call, body: NewSchedule) -> Answer:
    """Create a schedule. It never fires by being created."""
    with call.engine.begin() as connection:
        if not edit.create(connection, body.name, body, call.by, paused=body.paused):
            raise invalid_field("name", "there is a schedule of that name", 409)
        return show_edited(call, connection, body.name, 201)


def get_schedule(call: Call) -> Answer:
    """Get a schedule, with its next slot and its last run."""
    with call.engine.connect() as connection:
        return show(connection, call.params["name"])


def put_schedule(call: Call, body: ScheduleBody) -> Answer:
    """Create a schedule, or replace its definition. It never fires by being edited."""
    name = call.params["name"]
    _check_name(name, body.name)
    with call.engine.begin() as connection:
        row = schedules.lock_schedule(connection, name)
        _check_preconditions(call, row)
        if row is None and edit.create(connection, name, body, call.by):
            return show_edited(call, connection, name, 201)
        row = row or schedules.lock_schedule(connection, name)
        if row is None:
            raise Problem(409, "the schedule was created and deleted by others meanwhile")
        _check_preconditions(call, row)
        edit.replace(connection, row, body, call.by)
        return show_edited(call, connection, name)


def patch_schedule(call: Call, body: SchedulePatch) -> Answer:
    """Change fields of a schedule by a merge patch; null resets a field to its default."""
    name, patch = call.params["name"], dict(body.root)
    given = patch.pop("name", name)
    edit.check_fields(patch)
    if given != name:
        raise invalid_field("name", _NEVER_CHANGES)
    with call.engine.begin() as connection:
        edit.change(connection, _lock_as_expected(call, connection), patch, call.by)
        return show_edited(call, connection, name)


def delete_schedule(call: Call) -> Answer:
    """Delete a schedule. Its runs stay, and those already planned still run."""
    with call.engine.begin() as connection:
        row = edit.lock(connection, call.params["name"])
        _check_preconditions(call, row)
        edit.delete(connection, row, call.by)
    return Answer(status=204)


_EDITED = {200: ScheduleJson, 201: ScheduleJson}
_CONDITIONS, _MATCH = ("If-Match", "If-None-Match"), ("If-Match",)

ROUTES = (
    Route("GET", "/v1/schedules", list_schedules, Role.VIEWER, {200: SchedulePage}, heeds_scope=True),
    Route(
        "POST", "/v1/schedules", create_schedule, Role.EDITOR, {201: ScheduleJson}, problems=(409,), heeds_scope=True
    ),
    Route("GET", ONE, get_schedule, Role.VIEWER, {200: ScheduleJson}),
    Route("PUT", ONE, put_schedule, Role.EDITOR, _EDITED, headers=_CONDITIONS, problems=(409, 412)),
    Route("PATCH", ONE, patch_schedule, Role.EDITOR, {200: ScheduleJson}, headers=_MATCH, problems=(409, 412)),
    Route("DELETE", ONE, delete_schedule, Role.EDITOR, {204: None}, headers=_MATCH, problems=(409, 412)),
)


def show_edited(call: Call, connection: sa.Connection, name: str, status: int = 200) -> Answer:
    """As `show`. Raises NotAllowed where the caller would not see what they have made of it."""
    call.check_seen(schedule_or_404(connection, name))
    return show(connection, name, status)


def show(connection: sa.Connection, name: str, status: int = 200) -> Answer:
    """Answer with the schedule as it is now. Raises NotFound."""
    row = schedule_or_404(connection, name)
    headers = {"ETag": entity_tag(row)}
    if status == 201:
        headers["Location"] = f"/v1/schedules/{name}"
    return Answer(show_schedules(connection, [row])[0], status, headers)


def _lock_as_expected(call: Call, connection: sa.Connection) -> StoredSchedule:
    """The schedule, locked, if it is what the caller's conditions say. Raises Problem 412, NotFound."""
    row = schedules.lock_schedule(connection, call.params["name"])
    _check_preconditions(call, row)
    if row is None:
        raise NotFound("schedule")
    return row


def _check_preconditions(call: Call, row: StoredSchedule | None) -> None:
    """Raises Problem 412 where `If-Match` or `If-None-Match` forbid the call."""
    wanted, unwanted = call.header("If-Match"), call.header("If-None-Match")
    if wanted is not None and not _is_named(row, wanted):
        raise Problem(412, "the schedule has changed since (If-Match)")
    if unwanted is not None and _is_named(row, unwanted):
        raise Problem(412, "the schedule exists already (If-None-Match)")


def _is_named(row: StoredSchedule | None, tags: str) -> bool:
    if row is None:
        return False
    return tags.strip() == "*" or entity_tag(row) in (tag.strip() for tag in tags.split(","))


_NEVER_CHANGES = "must be the name in the path; a name never changes"


def _check_name(name: str, given: str | None) -> None:
    if given is not None and given != name:
        raise invalid_field("name", _NEVER_CHANGES)
    try:
        _NAME.validate_python(name)
    except ValidationError as error:
        raise invalid_field("name", error.errors()[0]["msg"]) from None
