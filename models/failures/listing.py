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


_OF_KIND = {
    "fingerprint": "e.fingerprint = %(fingerprint)s",
    "actor": "e.actor = %(actor)s",
    "q": "strpos(lower(e.actor || ' ' || e.error_type || ': ' || e.message), lower(%(q)s)) > 0",
}
_SEEN = {
    "since": "{last_at} >= %(since)s",
    "before_at": "({last_at}, {fingerprint}) < (%(before_at)s, %(before)s)",
}
_WHOSE = {
    "schedule_id": "o.schedule_id = %(schedule_id)s",
    "schedule_name": "o.schedule_name = %(schedule_name)s",
    "only": f"EXISTS (SELECT FROM schedules s WHERE s.id = o.schedule_id AND {IN_SCOPE})",
}


def _of_all(of_kind: Sequence[str], seen: Sequence[str]) -> str:
    wanted = [*of_kind, *(each.format(last_at="e.last_at", fingerprint="e.fingerprint") for each in seen)]
    return f"""
SELECT e.fingerprint, e.actor, e.error_type, e.message, e.first_at, e.last_at, e.count,
    coalesce((SELECT o.streak FROM error_schedules o WHERE o.fingerprint = e.fingerprint
              ORDER BY o.streak DESC LIMIT 1), 0),
    ARRAY(SELECT o.schedule_name FROM error_schedules o
          WHERE o.fingerprint = e.fingerprint AND o.schedule_name IS NOT NULL
          ORDER BY o.last_at DESC LIMIT {SHOWN_SCHEDULES}),
    e.last_run_id
FROM errors e WHERE {" AND ".join(wanted) or "true"}
ORDER BY e.last_at DESC, e.fingerprint DESC LIMIT %(limit)s
"""


def _of_some(whose: Sequence[str], of_kind: Sequence[str], seen: Sequence[str]) -> str:
    """Which kinds first, and of those of the page all else."""
    kinds = "JOIN errors e ON e.fingerprint = o.fingerprint" if of_kind else ""
    wanted = [each.format(last_at="max(o.last_at)", fingerprint="o.fingerprint") for each in seen]
    return f"""
WITH page AS MATERIALIZED (
    SELECT o.fingerprint, max(o.last_at) AS last_at
    FROM error_schedules o {kinds} WHERE {" AND ".join([*whose, *of_kind])}
    GROUP BY o.fingerprint HAVING {" AND ".join(wanted) or "true"}
    ORDER BY max(o.last_at) DESC, o.fingerprint DESC LIMIT %(limit)s
)
SELECT e.fingerprint, e.actor, e.error_type, e.message, d.first_at, p.last_at, d.count, d.streak,
    coalesce(d.schedules, '{{}}'), d.last_run_id
FROM page p JOIN errors e ON e.fingerprint = p.fingerprint
CROSS JOIN LATERAL (
    SELECT min(o.first_at) AS first_at, sum(o.count)::bigint AS count, max(o.streak) AS streak,
        (array_agg(o.last_run_id ORDER BY o.last_run_id DESC))[1] AS last_run_id,
        (array_agg(o.schedule_name ORDER BY o.last_at DESC) FILTER (WHERE o.schedule_name IS NOT NULL))
            [1:{SHOWN_SCHEDULES}] AS schedules
    FROM error_schedules o WHERE o.fingerprint = p.fingerprint AND {" AND ".join(whose)}
) d
ORDER BY p.last_at DESC, p.fingerprint DESC
"""


def list_failures(connection: sa.Connection, limit: int, only: Scope | None = None, **filters: Any) -> list[Failure]:
    """Kinds of failures, those that were seen last first. Filters, each where it is not None: `fingerprint`,
    `actor`, `since`, `q`, a part of the actor or the error; `schedule_id` or `schedule_name`; `before_at` and `before`,
    a page's last."""
    given = {name: value for name, value in (filters | {"only": only}).items() if value is not None}
    whose, of_kind, seen = ([each[name] for name in given if name in each] for each in (_WHOSE, _OF_KIND, _SEEN))
    statement = _of_some(whose, of_kind, seen) if whose else _of_all(of_kind, seen)
    if only is not None:
        given |= scope_parameters(only)
    return [Failure(*row) for row in connection.exec_driver_sql(statement, given | {"limit": limit})]
