"""SQL of what is late: runs that are due and have not started, schedules that are due and not planned."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa

from models.sql.scope import RUNS_IN_SCOPE, scope_parameters
from models.sql.spelling import quoted
from models.words.roles import Scope
from models.words.states import PUBLISHABLE_STATES, State

LATE_SECONDS = 60
"""From when on something is late whose schedule does not say so (`notify_late_seconds`)."""

LOOKED_AT = 500
"""So many of what waits in rows and of what waits in the broker are looked at, those that have waited for longest."""


class LateRun(NamedTuple):
    """A run that should have started."""

    id: UUID
    schedule_name: str | None
    actor: str
    queue: str
    state: str
    due_at: datetime
    waiting_for: str | None


_COLUMNS = "id, schedule_id, schedule_name, actor, queue, state, due_at, waiting_for"


def _late(condition: str) -> str:
    return f"""
WITH waiting AS (
    (SELECT {_COLUMNS} FROM runs WHERE state IN ({quoted(PUBLISHABLE_STATES)}) AND due_at < now()
     ORDER BY due_at LIMIT {LOOKED_AT})
    UNION ALL
    (SELECT {_COLUMNS} FROM runs WHERE state = '{State.QUEUED}' ORDER BY queue, queued_at LIMIT {LOOKED_AT})
)
SELECT {", ".join(f"r.{name}" for name in LateRun._fields)}, count(*) OVER ()::int
FROM (SELECT * FROM waiting WHERE {condition}) r LEFT JOIN schedules l ON l.id = r.schedule_id
WHERE r.due_at < now() - make_interval(secs => coalesce(l.notify_late_seconds, {LATE_SECONDS}))
ORDER BY r.due_at LIMIT %(limit)s
"""


_LATE, _LATE_IN_SCOPE = _late("true"), _late(RUNS_IN_SCOPE)


def late_runs(connection: sa.Connection, limit: int, only: Scope | None) -> tuple[Sequence[LateRun], int]:
    """Runs that are late, the latest first, and how many there are among those that are looked at."""
    statement, scope = (_LATE, {}) if only is None else (_LATE_IN_SCOPE, scope_parameters(only))
    rows = connection.exec_driver_sql(statement, {"limit": limit, **scope}).all()
    return [LateRun(*row[:-1]) for row in rows], rows[0][-1] if rows else 0
