"""Many at once: what a filter finds."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any, Literal

import sqlalchemy as sa
from pydantic import BaseModel, Field

from api.access.auth import require
from api.shapes.run_query import Fingerprint, filters_of
from api.web.fields import Request, Text
from api.web.problems import FieldError, errors_of
from api.web.routes import Answer, Call, Route
from models.definition import OneOf
from models.schedules import StoredSchedule, get_schedule
from models.words.kinds import AsList, Instant
from models.words.roles import Role
from models.words.states import State, Trigger
from scheduling.commands import bulk, edit
from scheduling.commands.bulk import MOST, Act, Changed
from scheduling.commands.faults import Conflict

SHOWN = 100
"""Of what was changed so many are named."""


class ScheduleFilter(Request):
    """Which schedules; all of what is given holds."""

    names: list[Text] | None = Field(default=None, max_length=MOST)
    prefix: Text | None = None
    actor: Text | None = None
    tag: Text | None = None
    state: Literal["paused", "active", "error"] | None = None
    source: Text | None = None
    q: Text | None = None


class ScheduleBulkBody(Request):
    """What is to be done to which schedules."""

    filter: ScheduleFilter
    action: Literal["pause", "resume", "trigger", "delete", "patch"]
    patch: dict[str, Any] | None = Field(default=None, description="A merge patch (RFC 7396), for `patch`.")
    reason: str | None = Field(default=None, max_length=1000, description="Of a pause.")
    until: Instant | None = Field(default=None, description="When a pause ends by itself.")
    dry_run: bool = Field(default=False, description="Only say what would be.")


class RefusedJson(BaseModel):
    """One that could not be changed, and why."""

    name: str
    errors: list[FieldError]


class ScheduleBulkJson(BaseModel):
    """What was found, and what has become of it."""

    matched: int
    changed: int
    names: list[str]
    refused: list[RefusedJson]


class RunFilter(Request):
    """Which runs; all of what is given holds."""

    schedule: Text | None = None
    actor: Text | None = None
    state: Annotated[list[Annotated[State, OneOf]], AsList, Field(min_length=1)] | None = None
    trigger: Annotated[Trigger, OneOf] | None = None
    since: Instant | None = None
    until: Instant | None = None
    error: Text | None = None
    fingerprint: Fingerprint | None = None
    q: Text | None = None


class RunBulkBody(Request):
    """Which runs."""

    filter: RunFilter
    dry_run: bool = Field(default=False, description="Only say what would be.")
    limit: int = Field(default=MOST, ge=1, le=MOST, description="The newest so many.")


class RunBulkJson(BaseModel):
    """What was found, and what has become of it."""

    matched: int
    changed: int
    ids: list[str] = Field(description=f"The first {SHOWN}.")


def change_schedules(call: Call, body: ScheduleBulkBody) -> Answer:
    """Pause, resume, trigger, delete or patch all schedules that a filter finds.

    Each by itself: one that is refused keeps no other from it. To delete or patch takes an editor.
    """
    assert call.caller is not None, "the route declares a role"
    if body.action in ("delete", "patch"):
        require(call.caller, Role.EDITOR)
    if body.patch is not None or body.action == "patch":
        edit.check_fields(body.patch or {})
    filters = body.filter.model_dump(exclude={"state"}) | {"only": call.only}
    if body.dry_run:
        done = bulk.find_schedules(call.engine, filters, body.filter.state, body.action)
    else:
        done = bulk.change_schedules(call.engine, filters, body.filter.state, _act_of(call, body))
    changed = 0 if body.dry_run else len(done.changed)
    refused = [RefusedJson(name=name, errors=errors_of(faults)) for name, faults in done.refused]
    return Answer(ScheduleBulkJson(matched=done.matched, changed=changed, names=done.changed, refused=refused))


def cancel_runs(call: Call, body: RunBulkBody) -> Answer:
    """Cancel all runs that a filter finds and that have not ended."""
    filters = _filters(call, body.filter)
    return _said(bulk.cancel_runs(call.engine, filters, call.by, body.limit, dry_run=body.dry_run), body)


def retry_runs(call: Call, body: RunBulkBody) -> Answer:
    """Run all runs again that a filter finds and that have ended; without a state, those that have failed."""
    filters = _filters(call, body.filter)
    return _said(bulk.retry_runs(call.engine, filters, call.by, body.limit, dry_run=body.dry_run), body)


ROUTES = (
    Route("POST", "/v1/schedules/bulk", change_schedules, Role.OPERATOR, {200: ScheduleBulkJson}, heeds_scope=True),
    Route("POST", "/v1/runs/cancel", cancel_runs, Role.OPERATOR, {200: RunBulkJson}, heeds_scope=True),
    Route("POST", "/v1/runs/retry", retry_runs, Role.OPERATOR, {200: RunBulkJson}, heeds_scope=True),
)


def _filters(call: Call, given: RunFilter) -> dict[str, Any]:
    with call.engine.connect() as connection:
        return filters_of(connection, given, call.only)


def _act_of(call: Call, body: ScheduleBulkBody) -> Act:
    if body.action == "patch":
        return partial(_patch, call, body.patch or {})
    return bulk.act_of(body.action, call.by, until=body.until, reason=body.reason)


def _patch(call: Call, patch: dict[str, Any], connection: sa.Connection, row: StoredSchedule) -> None:
    edit.change(connection, row, patch, call.by)
    edited = get_schedule(connection, row.name)
    if call.only is not None and edited is not None and not call.only.holds(edited.name, edited.tags):
        raise Conflict("this token would not see it any more")


def _said(done: Changed, body: RunBulkBody) -> Answer:
    ids: Sequence[str] = done.changed[:SHOWN]
    return Answer(RunBulkJson(matched=done.matched, changed=0 if body.dry_run else len(done.changed), ids=list(ids)))
