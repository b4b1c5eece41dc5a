"""SQL of failures as people see them. Only what was summed up is read, never the runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from models.sql.scope import IN_SCOPE, scope_parameters
from models.words.roles import Scope

SHOWN_SCHEDULES = 10
"""Of the schedules that fail so these many are named."""


@dataclass(frozen=True)
class Failure:
    """A kind of failures, of all runs or of those that somebody sees."""

    fingerprint: str
    actor: str
    error_type: str
    message: str
    first_at: datetime
    last_at: datetime
    count: int
    streak: int
    schedules: Sequence[str]
    example_run_id: UUID


_FILTERS = {
    "actor": "e.actor = %(actor)s",
    "since": "e.last_at >= %(since)s",
    "q": "strpos(lower(e.actor || ' ' || e.error_type || ': ' || e.message), lower(%(q)s)) > 0",
    "before_at": "(e.last_at, e.fingerprint) < (%(before_at)s, %(before)s)",
}
_OF = {
    "schedule_id": "o.schedule_id = %(schedule_id)s",
    "schedule_name": "o.schedule_name = %(schedule_name)s",
    "only": f"EXISTS (SELECT FROM schedules s WHERE s.id = o.schedule_id AND {IN_SCOPE})",
}


def _all(conditions: Sequence[str]) -> str:
    return f"""
SELECT e.fingerprint, e.actor, e.error_type, e.message, e.first_at, e.last_at, e.count,
    coalesce((SELECT o.streak FROM error_schedules o WHERE o.fingerprint = e.fingerprint
              ORDER BY o.streak DESC LIMIT 1), 0),
    ARRAY(SELECT o.schedule_name FROM error_schedules o
          WHERE o.fingerprint = e.fingerprint AND o.schedule_name IS NOT NULL
          ORDER BY o.last_at DESC LIMIT {SHOWN_SCHEDULES}),
    e.last_run_id
FROM errors e WHERE {" AND ".join(conditions) or "true"}
ORDER BY e.last_at DESC, e.fingerprint DESC LIMIT %(limit)s
"""


def _some(of: Sequence[str], conditions: Sequence[str]) -> str:
    return f"""
WITH seen AS (
    SELECT o.fingerprint, min(o.first_at) AS first_at, max(o.last_at) AS last_at, sum(o.count)::bigint AS count,
        max(o.streak) AS streak, (array_agg(o.last_run_id ORDER BY o.last_run_id DESC))[1] AS last_run_id,
        (array_agg(o.schedule_name ORDER BY o.last_at DESC) FILTER (WHERE o.schedule_name IS NOT NULL))
            [1:{SHOWN_SCHEDULES}] AS schedules
    FROM error_schedules o WHERE {" AND ".join(of)} GROUP BY o.fingerprint
)
SELECT e.fingerprint, e.actor, e.error_type, e.message, e.first_at, e.last_at, e.count, e.streak,
    coalesce(e.schedules, '{{}}'), e.last_run_id
FROM (
    SELECT x.actor, x.error_type, x.message, seen.* FROM seen JOIN errors x ON x.fingerprint = seen.fingerprint
) e WHERE {" AND ".join(conditions) or "true"}
ORDER BY e.last_at DESC, e.fingerprint DESC LIMIT %(limit)s
"""


def list_failures(connection: sa.Connection, limit: int, only: Scope | None = None, **filters: Any) -> list[Failure]:
    """Kinds of failures, those that were seen last first. Filters, each where it is not None: `actor`, `since`, `q`, a
    part of the actor or the error; `schedule_id` or `schedule_name`; `before_at` and `before`, a page's last."""
    given = {name: value for name, value in filters.items() if value is not None}
    conditions = [condition for name, condition in _FILTERS.items() if name in given]
    of = [condition for name, condition in _OF.items() if name in given]
    if only is not None:
        of.append(_OF["only"])
        given |= scope_parameters(only)
    statement = _some(of, conditions) if of else _all(conditions)
    return [Failure(*row) for row in connection.exec_driver_sql(statement, given | {"limit": limit})]
