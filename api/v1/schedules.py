"""Schedules: list, create, get, replace, change, delete.

An edit first decides what is due up to now under the old definition, so that it loses no slot and repeats none.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from pydantic import TypeAdapter, ValidationError

from api.shapes.schedule_body import Name, NewSchedule, ScheduleBody, ScheduleQuery
from api.shapes.schedule_json import SchedulePage, entity_tag, show_schedules
from api.v1.schedule_rules import check_schedule
from api.web.problems import FieldError, Problem, errors_of, invalid, invalid_field, not_found, pointer
from api.web.routes import Answer, Call
from models.clock import read_clock
from models.schedules import (
    DEFINITION,
    delete_schedule,
    get_schedule,
    insert_schedule,
    list_schedules,
    lock_schedule,
    update_schedule,
)
from models.tables.schedule import Schedule
from models.wake import notify
from scheduling.plan import plan_schedules
from scheduling.slots.due import next_due

_NAME: TypeAdapter[str] = TypeAdapter(Name)


def list_page(call: Call) -> Answer:
    """List schedules by name."""
    query: ScheduleQuery = call.query
    with call.engine.connect() as connection:
        rows = list_schedules(
            connection,
            query.limit + 1,
            state=query.state,
            after=query.cursor,
            actor=query.actor,
            tag=query.tag,
            q=query.q,
        )
        page = rows[: query.limit]
        items = show_schedules(connection, page)
    return Answer(SchedulePage(items=items, next=page[-1].name if len(rows) > len(page) else None))


def create(call: Call) -> Answer:
    """Create a schedule. It never fires by being created."""
    body: NewSchedule = call.body
    with call.engine.begin() as connection:
        if not _insert(connection, body.name, body):
            raise invalid_field("name", "there is a schedule of that name", 409)
        return show(connection, body.name, 201)


def get(call: Call) -> Answer:
    """Get a schedule, with its next slot and its last run."""
    with call.engine.connect() as connection:
        return show(connection, call.params["name"])


def put(call: Call) -> Answer:
    """Create a schedule, or replace its definition. It never fires by being edited."""
    name, body = call.params["name"], call.body
    _check_name(name, body.name)
    with call.engine.begin() as connection:
        row = lock_schedule(connection, name)
        _check_preconditions(call, row)
        if row is None and _insert(connection, name, body):
            return show(connection, name, 201)
        row = row or lock_schedule(connection, name)
        if row is None:
            raise Problem(409, "the schedule was created and deleted by others meanwhile")
        _check_preconditions(call, row)
        _replace(connection, row, body)
        return show(connection, name)


def patch(call: Call) -> Answer:
    """Change fields of a schedule by a merge patch; null resets a field to its default."""
    name, change = call.params["name"], call.body.root
    _check_patch(name, change)
    with call.engine.begin() as connection:
        row = lock_schedule(connection, name)
        _check_preconditions(call, row)
        if row is None:
            raise not_found("schedule")
        _replace(connection, row, _patched(row, change))
        return show(connection, name)


def delete(call: Call) -> Answer:
    """Delete a schedule. Its runs stay, and those already planned still run."""
    with call.engine.begin() as connection:
        row = lock_schedule(connection, call.params["name"])
        if row is None:
            raise not_found("schedule")
        _check_preconditions(call, row)
        row, _ = settle(connection, row)
        delete_schedule(connection, row.id)
        notify(connection)
    return Answer(status=204)


def show(connection: sa.Connection, name: str, status: int = 200) -> Answer:
    """Answer with the schedule as it is now. Raises Problem 404."""
    row = get_schedule(connection, name)
    if row is None:
        raise not_found("schedule")
    headers = {"ETag": entity_tag(row)}
    if status == 201:
        headers["Location"] = f"/v1/schedules/{name}"
    return Answer(show_schedules(connection, [row])[0], status, headers)


def lock_or_404(connection: sa.Connection, name: str) -> sa.Row[Any]:
    """The schedule, locked. Raises Problem 404."""
    row = lock_schedule(connection, name)
    if row is None:
        raise not_found("schedule")
    return row


def settle(connection: sa.Connection, row: sa.Row[Any]) -> tuple[sa.Row[Any], datetime]:
    """Decide the slots of a locked schedule up to now; returns the row as it is then, and now."""
    now = read_clock(connection)
    plan_schedules(connection, [row], now)
    return lock_or_404(connection, row.name), now


def _insert(connection: sa.Connection, name: str, body: ScheduleBody) -> bool:
    now = read_clock(connection)
    check_schedule(connection, body, now)
    schedule = Schedule(**_definition(body), id=uuid4(), name=name, created_at=now, updated_at=now, cursor_at=now)
    schedule.next_due_at = next_due(schedule, now)
    inserted = insert_schedule(connection, schedule.model_dump())
    notify(connection)
    return inserted


def _replace(connection: sa.Connection, row: sa.Row[Any], body: ScheduleBody) -> None:
    check_schedule(connection, body, read_clock(connection))
    row, now = settle(connection, row)
    schedule = SimpleNamespace(**(dict(row._mapping) | _definition(body)))
    due = next_due(schedule, max(now, row.cursor_at))
    update_schedule(connection, _definition(body) | {"id": row.id, "next_due_at": due})
    notify(connection)


def _definition(body: ScheduleBody) -> dict[str, Any]:
    return {column: getattr(body, column) for column in DEFINITION}


def _check_preconditions(call: Call, row: sa.Row[Any] | None) -> None:
    """Raises Problem 412 where `If-Match` or `If-None-Match` forbid the call, 409 where code decides the definition."""
    wanted, unwanted = call.header("If-Match"), call.header("If-None-Match")
    if wanted is not None and not _is_named(row, wanted):
        raise Problem(412, "the schedule has changed since (If-Match)")
    if unwanted is not None and _is_named(row, unwanted):
        raise Problem(412, "the schedule exists already (If-None-Match)")
    if row is not None and row.source == "code":
        raise Problem(409, "the schedule is declared in code: change it there; it can be paused and triggered here")


def _is_named(row: sa.Row[Any] | None, tags: str) -> bool:
    if row is None:
        return False
    return tags.strip() == "*" or entity_tag(row) in (tag.strip() for tag in tags.split(","))


def _check_name(name: str, given: str | None) -> None:
    if given is not None and given != name:
        raise invalid_field("name", "must be the name in the path; a name never changes")
    try:
        _NAME.validate_python(name)
    except ValidationError as error:
        raise invalid_field("name", error.errors()[0]["msg"]) from None


def _check_patch(name: str, change: Mapping[str, Any]) -> None:
    unknown = [field for field in change if field not in ScheduleBody.model_fields]
    if unknown:
        raise invalid(FieldError(pointer=pointer([field]), message="unknown field") for field in unknown)
    if change.get("name", name) != name:
        raise invalid_field("name", "must be the name in the path; a name never changes")


def _patched(row: sa.Row[Any], change: Mapping[str, Any]) -> ScheduleBody:
    stored = {column: getattr(row, column) for column in DEFINITION}
    document = {column: _plain(value) for column, value in stored.items() if value is not None}
    try:
        return ScheduleBody.model_validate(merge_patch(document, change))
    except ValidationError as error:
        raise invalid(errors_of(error)) from None


def merge_patch(target: Any, change: Any) -> Any:
    """The value with a merge patch applied (RFC 7396)."""
    if not isinstance(change, Mapping):
        return change
    merged = dict(target) if isinstance(target, Mapping) else {}
    for name, value in change.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), value)
    return merged


def _plain(value: Any) -> Any:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value
