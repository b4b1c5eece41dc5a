"""Audit: who did what."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from api.access.auth import require
from api.access.scope import check_scope
from api.web.fields import Moment, Page, Text, page_of
from api.web.routes import Answer, Call, Route
from models.access.audit import list_audit as read_audit
from models.words.kinds import Instant
from models.words.roles import Role
from scheduling.commands.faults import NotFound


class AuditJson(BaseModel):
    """One act."""

    id: int
    at: Moment
    who: str = Field(description="A token's name, a person's, or `callsheet` for what it does by itself.")
    role: str | None
    address: str | None
    action: str = Field(description="`noun.verb`, such as `schedule.update`.")
    target: str = Field(description="A path, such as `schedules/nightly`.")
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    reason: str | None


class AuditPage(BaseModel):
    """Acts, newest first."""

    items: list[AuditJson]
    next: int | None


class AuditQuery(Page):
    """Filters of acts."""

    cursor: int | None = Field(default=None, ge=1, le=2**63 - 1)
    who: Text | None = None
    action: Text | None = None
    target: Text | None = Field(default=None, description="A path: itself, and what is below it.")
    since: Instant | None = None
    until: Instant | None = Field(default=None, description="Exclusive.")


def list_audit(call: Call, query: AuditQuery) -> Answer:
    """List who did what, newest first.

    What was done to one schedule (`target=schedules/nightly`), run or queue everybody may ask who sees it; for all else
    it takes an admin.
    """
    _check_target(call, query.target or "")
    filters = query.model_dump(include={"who", "action", "target", "since", "until"})
    with call.engine.connect() as connection:
        rows = read_audit(connection, query.limit + 1, before=query.cursor, **filters)
    items, cursor = page_of(rows, query.limit, lambda row: AuditJson(**row._mapping), lambda last: last.id)
    return Answer(AuditPage(items=items, next=cursor))


ROUTES = (Route("GET", "/v1/audit", list_audit, Role.VIEWER, {200: AuditPage}, problems=(404,), heeds_scope=True),)


def _check_target(call: Call, target: str) -> None:
    """Raises NotAllowed, and NotFound for what the caller does not see."""
    assert call.caller is not None, "the route declares a role"
    kind, _, name = target.partition("/")
    if not name or kind not in ("schedules", "runs", "queues"):
        require(call.caller, Role.ADMIN)
    if kind == "schedules":
        check_scope(call.engine, call.only, "/v1/schedules/{name}", {"name": name}, is_heeded=False)
    elif kind == "runs":
        check_scope(call.engine, call.only, "/v1/runs/{id:uuid}", {"id": _run_of(name)}, is_heeded=False)
    else:
        check_scope(call.engine, call.only, "/v1/queues", {}, is_heeded=False)


def _run_of(name: str) -> UUID:
    try:
        return UUID(name)
    except ValueError:
        raise NotFound("run") from None
