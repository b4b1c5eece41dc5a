"""SQL of what is to come: the schedules that are due next."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from models.schedules import SELECT, StoredSchedule, conditions_of
from models.words.roles import Scope


def schedules_due_until(
    connection: sa.Connection, until: datetime, limit: int, *, only: Scope | None = None, **filters: Any
) -> list[StoredSchedule]:
    """Schedules that are due by an instant, or whose pause ends by then, those that are due first; filters as for
    `list_schedules`, and `queue`."""
    where, given = conditions_of(None, only, filters | {"due_until": until})
    statement = f"{SELECT} {where} ORDER BY s.next_due_at, s.name LIMIT %(limit)s"
    rows = connection.exec_driver_sql(statement, {**given, "limit": limit})
    return [StoredSchedule.of(row) for row in rows]
