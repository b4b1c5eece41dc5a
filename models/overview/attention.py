"""SQL of schedules that need a look: late, failing, paused."""

from dataclasses import dataclass, field
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
_COLUMNS = ", ".join(f"s.{name}" for name in Noticed._fields)


def _part(what: str, condition: str, order: str) -> str:
    return f"""
(SELECT '{what}', count(*) OVER ()::int, {_COLUMNS} FROM seen s WHERE {condition}
 ORDER BY {order}, s.name LIMIT %(limit)s)"""


def _notice(scope: str) -> str:
    parts = (
        _part("late", _LATE, "s.next_due_at"),
        _part("failing", "s.consecutive_failures > 0", "s.consecutive_failures DESC"),
        _part("paused", _PAUSED, "s.paused_at DESC"),
    )
    return f"""
WITH seen AS MATERIALIZED (
    SELECT {_COLUMNS}, s.notify_late_seconds FROM (SELECT * FROM schedules LIMIT {LOOKED_AT}) s WHERE {scope}
)
{" UNION ALL ".join(parts)}
"""


_NOTICE, _NOTICE_IN_SCOPE = _notice("true"), _notice(IN_SCOPE)


@dataclass
class Found:
    """The first of them, and how many there are."""

    items: list[Noticed] = field(default_factory=list)
    number: int = 0


@dataclass
class Attention:
    """Schedules that are due and not planned, the latest first; whose last runs have failed, by how many in a row; that
    are paused, the last paused first."""

    late: Found = field(default_factory=Found)
    failing: Found = field(default_factory=Found)
    paused: Found = field(default_factory=Found)


def find_noticed(connection: sa.Connection, limit: int, only: Scope | None) -> Attention:
    """The schedules that need a look, `limit` of each kind."""
    statement, scope = (_NOTICE, {}) if only is None else (_NOTICE_IN_SCOPE, scope_parameters(only))
    attention = Attention()
    by_name = {"late": attention.late, "failing": attention.failing, "paused": attention.paused}
    for what, number, *columns in connection.exec_driver_sql(statement, {"limit": limit, **scope}):
        found = by_name[what]
        found.items.append(Noticed(*columns))
        found.number = number
    return attention
