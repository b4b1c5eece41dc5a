"""SQL of schedules that need a look: late, failing, paused."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from models.overview.late import LATE_SECONDS
from models.sql.scope import IN_SCOPE, scope_parameters
from models.words.roles import Scope

LOOKED_AT = 20_000
"""Of more schedules those that come first in the table are looked at."""


class Noticed(NamedTuple):
    """A schedule, with what there is to say of it."""

    name: str
    actor: str
    timezone: str
    next_due_at: datetime | None
    consecutive_failures: int
    pause_after_failures: int | None
    paused_at: datetime | None
    paused_until: datetime | None
    paused_by: str | None
    pause_reason: str | None
    error: str | None


_LATE = f"""s.error IS NULL AND s.paused_at IS NULL
    AND s.next_due_at < now() - make_interval(secs => coalesce(s.notify_late_seconds, {LATE_SECONDS}))"""
_PAUSED = "s.paused_at IS NOT NULL AND (s.paused_until IS NULL OR s.paused_until > now())"


def _schedules(condition: str, order: str, scope: str) -> str:
    return f"""
SELECT {", ".join(f"s.{name}" for name in Noticed._fields)}, count(*) OVER ()::int
FROM (SELECT * FROM schedules LIMIT {LOOKED_AT}) s
WHERE {condition} AND {scope} ORDER BY {order}, s.name LIMIT %(limit)s
"""


def _both(condition: str, order: str) -> tuple[str, str]:
    return _schedules(condition, order, "true"), _schedules(condition, order, IN_SCOPE)


_OF_LATE = _both(_LATE, "s.next_due_at")
_OF_FAILING = _both("s.consecutive_failures > 0", "s.consecutive_failures DESC")
_OF_PAUSED = _both(_PAUSED, "s.paused_at DESC")

Found = tuple[Sequence[Noticed], int]
"""The first of them, and how many there are."""


def late_schedules(connection: sa.Connection, limit: int, only: Scope | None) -> Found:
    """Schedules that are due and not planned, the latest first."""
    return _find(connection, _OF_LATE, limit, only)


def failing_schedules(connection: sa.Connection, limit: int, only: Scope | None) -> Found:
    """Schedules whose last runs have failed, by how many in a row."""
    return _find(connection, _OF_FAILING, limit, only)


def paused_schedules(connection: sa.Connection, limit: int, only: Scope | None) -> Found:
    """Schedules that are paused, the last paused first."""
    return _find(connection, _OF_PAUSED, limit, only)


def _find(connection: sa.Connection, statements: tuple[str, str], limit: int, only: Scope | None) -> Found:
    of_all, of_scope = statements
    statement, scope = (of_all, {}) if only is None else (of_scope, scope_parameters(only))
    rows = connection.exec_driver_sql(statement, {"limit": limit, **scope}).all()
    return [Noticed(*row[:-1]) for row in rows], rows[0][-1] if rows else 0
