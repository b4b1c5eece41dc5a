"""Versions of schedules: list them, go back to one."""

from pydantic import BaseModel, Field

from api.shapes.schedule_json import ScheduleJson
from api.shapes.version_json import VersionJson, versions_or_404
from api.v1.schedules import ONE, show_edited
from api.web.fields import Page, Request, page_of
from api.web.routes import Answer, Call, Route
from models.words.bounds import MAX_INT
from models.words.roles import Role
from scheduling.commands import edit


class VersionPage(BaseModel):
    """Versions, newest first."""

    items: list[VersionJson]
    next: int | None


class VersionQuery(Page):
    """Which part of the versions."""

    cursor: int | None = Field(default=None, ge=1, le=MAX_INT)


class RollbackBody(Request):
    """Back to which, and why."""

    version: int = Field(ge=1, le=MAX_INT)
    reason: str | None = Field(default=None, max_length=1000)


def list_versions(call: Call, query: VersionQuery) -> Answer:
    """List the definitions that schedules of this name have had, newest first, also of one that was deleted."""
    name = call.params["name"]
    with call.engine.connect() as connection:
        rows = versions_or_404(connection, name, query.limit + 1, query.cursor, call.only)
    items, cursor = page_of(rows, query.limit, lambda row: VersionJson(**row._mapping), lambda last: last.version)
    return Answer(VersionPage(items=items, next=cursor))


def roll_back_schedule(call: Call, body: RollbackBody) -> Answer:
    """Give a schedule the definition of an earlier version again, as a new version."""
    with call.engine.begin() as connection:
        row = edit.lock(connection, call.params["name"])
        edit.roll_back(connection, row, body.version, call.by, body.reason)
        return show_edited(call, connection, row.name)


ROUTES = (
    Route("GET", f"{ONE}/versions", list_versions, Role.VIEWER, {200: VersionPage}),
    Route("POST", f"{ONE}/rollback", roll_back_schedule, Role.EDITOR, {200: ScheduleJson}, problems=(409,)),
)
