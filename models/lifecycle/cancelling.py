"""SQL of cancel: what waits is cancelled at once, of what runs its worker is asked to end it."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa

from models.lifecycle.ended import ENDED_UNSTARTED, EndedRun
from models.sql.spelling import quoted
from models.words.states import State, sources


def _cancel(which: str) -> str:
    return f"""
UPDATE runs r SET
    cancel_requested_at = coalesce(r.cancel_requested_at, now()),
    state = CASE WHEN r.state = 'running' THEN r.state ELSE 'cancelled' END,
    finished_at = CASE WHEN r.state = 'running' THEN NULL ELSE now() END,
    lease_until = CASE WHEN r.state = 'running' THEN r.lease_until END
WHERE r.state IN ({quoted(sources(State.CANCELLED))}) AND {which}
RETURNING {ENDED_UNSTARTED}
"""


_CANCEL_ONE = _cancel("r.id = %(id)s")


def cancel_run(connection: sa.Connection, run: UUID) -> list[EndedRun]:
    """Cancel a run; as it is then, cancelled or still running. Nothing if it is too late, or there is no such run."""
    return [EndedRun(*row) for row in connection.exec_driver_sql(_CANCEL_ONE, {"id": run})]


_ACTIVE = f"""schedule_id = ANY(%(schedules)s) AND state IN ({quoted(sources(State.CANCELLED))})
    AND (state <> 'planned' OR due_at <= now())"""

# In the order of ids, as everybody locks runs.
_CANCEL_ACTIVE = _cancel(f"r.id = ANY(ARRAY(SELECT id FROM runs WHERE {_ACTIVE} ORDER BY id FOR UPDATE))")

_LOCKED = f"""
WITH active AS MATERIALIZED (
    SELECT id, schedule_id FROM runs WHERE {_ACTIVE}
), mine AS MATERIALIZED (
    SELECT id FROM runs WHERE id = ANY(ARRAY(SELECT id FROM active)) ORDER BY id FOR UPDATE SKIP LOCKED
)
SELECT DISTINCT schedule_id FROM active WHERE id NOT IN (SELECT id FROM mine)
"""


def schedules_with_locked_runs(connection: sa.Connection, schedules: Sequence[UUID]) -> set[UUID]:
    """Of these schedules, those of which somebody has locked an active run; all others are locked now by this
    transaction."""
    return set(connection.exec_driver_sql(_LOCKED, {"schedules": list(schedules)}).scalars())


def cancel_active_runs(connection: sa.Connection, schedules: Sequence[UUID]) -> list[EndedRun]:
    """Cancel what is active of these schedules; each run as it is then, cancelled or still running."""
    return [EndedRun(*row) for row in connection.exec_driver_sql(_CANCEL_ACTIVE, {"schedules": list(schedules)})]
