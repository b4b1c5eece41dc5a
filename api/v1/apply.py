"""Files: apply one, export what there is as one."""

from collections.abc import Iterable, Mapping

import sqlalchemy as sa
from pydantic import BaseModel

from api.access.auth import NotAllowed
from api.shapes.file_body import ApplyBody, ExportJson, ExportQuery, show_channel_for_file, show_for_file
from api.shapes.version_json import ChangeJson
from api.web.problems import Problem
from api.web.routes import Answer, Call, Route
from models.definition import Definition
from models.notices.channels import Channel, list_channels
from models.schedules import StoredSchedule, list_schedules
from models.words.roles import Role
from scheduling.commands import apply
from scheduling.commands.channels import applying
from scheduling.commands.edit import CODE, PEOPLE

MAX_BODY_BYTES = 2 * 1024 * 1024


class NamedJson(BaseModel):
    """What is created or deleted."""

    kind: str
    name: str


class UpdateJson(NamedJson):
    """What is changed, and in which fields."""

    changes: list[ChangeJson]


class ConflictJson(NamedJson):
    """What belongs to somebody else."""

    source: str


class AppliedJson(BaseModel):
    """What applying a file has done, or would do."""

    create: list[NamedJson]
    update: list[UpdateJson]
    delete: list[NamedJson]
    unchanged: int
    conflicts: list[ConflictJson]


def apply_file(call: Call, body: ApplyBody) -> Answer:
    """Bring schedules and channels to what a file says, all of them or none.

    What another source owns is a conflict (409) unless `adopt`; what code declares always is. The problem then has what
    the answer would have. A dry run answers with its conflicts.
    """
    paused = frozenset(name for name, given in body.schedules.items() if given.paused)
    wanted = apply.Wanted(body.source, body.schedules, paused, prune=body.prune, adopt=body.adopt)
    with call.engine.begin() as connection:
        plan = apply.apply(connection, wanted, call.by, only=call.only, dry_run=body.dry_run)
        _check_seen(call, body.schedules, plan.rows)
        told = _apply_channels(call, connection, body)
        applied = _show(plan, told)
        conflicts: list[StoredSchedule | Channel] = [*plan.conflicts, *told.conflicts]
        if conflicts and not body.dry_run:
            raise Problem(409, _say_conflicts(conflicts), more=applied.model_dump(mode="json"))
    return Answer(applied)


def export_file(call: Call, query: ExportQuery) -> Answer:
    """Export schedules as a file that can be applied; those that code declares are left out, unless asked for."""
    owner = None if query.source is None else query.source if query.source == CODE else apply.owner_of(query.source)
    with call.engine.connect() as connection:
        filters = {"source": owner, "tag": query.tag, "prefix": query.prefix}
        rows = list_schedules(connection, apply.MOST, only=call.only, **filters)
        told = list_channels(connection) if _may_write_channels(call) and not (query.tag or query.prefix) else ()
    shown = [row for row in rows if row.source != CODE or owner == CODE]
    told = [channel for channel in told if owner in (None, channel.source)]
    owners = {row.source for row in shown} | {each.source for each in told} or {owner or PEOPLE}
    source = apply.source_of(owners.pop()) if len(owners) == 1 else "export"
    channels = {each.name: show_channel_for_file(each) for each in told}
    schedules = {row.name: show_for_file(row) for row in shown}
    return Answer(ExportJson(source=source, schedules=schedules, channels=channels or None))


ROUTES = (
    Route(
        "POST",
        "/v1/apply",
        apply_file,
        Role.EDITOR,
        {200: AppliedJson},
        problems=(409,),
        heeds_scope=True,
        max_body_bytes=MAX_BODY_BYTES,
    ),
    Route("GET", "/v1/export", export_file, Role.VIEWER, {200: ExportJson}, heeds_scope=True),
)


def _check_seen(call: Call, definitions: Mapping[str, Definition], rows: Iterable[StoredSchedule]) -> None:
    """Raises NotAllowed for what is not, or would not be, among the schedules that the caller sees."""
    if call.only is None:
        return
    for row in rows:
        call.check_seen(row)
    for name, definition in definitions.items():
        if not call.only.holds(name, definition.tags):
            raise NotAllowed("this token only sees schedules that some of these would not be among")


def _may_write_channels(call: Call) -> bool:
    return call.caller is not None and call.caller.role >= Role.ADMIN and call.only is None


def _apply_channels(call: Call, connection: sa.Connection, body: ApplyBody) -> applying.Plan:
    """Raises NotAllowed for whoever may not write channels, where the file has any, or would delete some."""
    wanted = applying.Wanted(apply.owner_of(body.source), body.channels or {}, prune=body.prune, adopt=body.adopt)
    if call.only is not None and not body.channels:
        return applying.Plan()
    if not _may_write_channels(call):
        if body.channels or applying.apply(connection, wanted, call.by, dry_run=True):
            raise NotAllowed("this token may not write channels, which takes the role admin")
        return applying.Plan()
    return applying.apply(connection, wanted, call.by, dry_run=body.dry_run)


def _say_conflicts(rows: Iterable[StoredSchedule | Channel]) -> str:
    said = ", ".join(f"{row.name} ({row.source})" for row in list(rows)[:5])
    return f"what has these names belongs to other sources: {said}; adopt takes over what code does not declare"


def _show(plan: apply.Plan, told: applying.Plan) -> AppliedJson:
    both: tuple[tuple[str, apply.Plan | applying.Plan], ...] = (("schedule", plan), ("channel", told))
    return AppliedJson(
        create=[NamedJson(kind=kind, name=name) for kind, each in both for name in each.create],
        update=[
            UpdateJson(kind=kind, name=row.name, changes=[ChangeJson(**change) for change in changes])
            for kind, each in both
            for row, changes in each.update
        ],
        delete=[NamedJson(kind=kind, name=row.name) for kind, each in both for row in each.delete],
        unchanged=plan.unchanged + told.unchanged,
        conflicts=[
            ConflictJson(kind=kind, name=row.name, source=row.source) for kind, each in both for row in each.conflicts
        ],
    )
