"""The audit as people see it: which acts are asked for, and a page of them."""

from typing import Any

import sqlalchemy as sa
from pydantic import BaseModel, Field

from api.web.fields import Moment, Page, Text
from models.access.audit import search_audit
from models.words.kinds import Instant


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


def show_audit(connection: sa.Connection, query: AuditQuery) -> AuditPage:
    """The page that is asked for."""
    filters = query.model_dump(include={"who", "action", "target", "since", "until"})
    found = search_audit(connection, query.limit, before=query.cursor, **filters)
    return AuditPage(items=[AuditJson(**row._mapping) for row in found.acts], next=found.next)
