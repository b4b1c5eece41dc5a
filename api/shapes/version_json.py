"""Versions of schedules as the API shows them."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from pydantic import BaseModel, Field

from api.web.fields import Moment
from models.access.versions import list_versions
from models.schedules import get_schedule
from models.words.roles import Scope
from scheduling.commands.faults import NotFound


class ChangeJson(BaseModel):
    """A field that was changed."""

    field: str
    before: Any
    after: Any


class VersionJson(BaseModel):
    """A definition that a schedule of this name had."""

    version: int
    at: Moment = Field(description="Slots after it went by this definition.")
    who: str
    action: str
    changes: list[ChangeJson]
    definition: dict[str, Any]


def versions_or_404(
    connection: sa.Connection, name: str, limit: int, before: int | None, only: Scope | None
) -> Sequence[sa.Row[Any]]:
    """The versions of schedules of this name, newest first, also of one that was deleted: that one is there only for
    who sees all. Raises NotFound."""
    rows = list_versions(connection, name, limit, before)
    is_there = bool(rows) or before is not None or get_schedule(connection, name) is not None
    if not is_there or (only is not None and get_schedule(connection, name) is None):
        raise NotFound("schedule")
    return rows
