"""SQL of what the end of a run means for its schedule."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from models.lifecycle.finishing import FinishedAttempt
from models.states import State

_LOCK_TALLIED = """
SELECT id FROM schedules
WHERE id = ANY(%(schedules)s) AND (consecutive_failures > 0 OR id = ANY(%(failed)s))
ORDER BY id FOR NO KEY UPDATE
"""


def lock_tallied_schedules(connection: sa.Connection, ends: Sequence[FinishedAttempt]) -> bool:
    """Lock the schedules that `tally_outcomes` will touch, before their runs are: planning locks in that order too.

    Returns whether there are any: mostly nothing failed, and nothing did before.
    """
    schedules = [end.schedule_id for end in ends if end.schedule_id is not None]
    failed = [end.schedule_id for end in ends if end.schedule_id is not None and end.state is State.FAILED]
    if not schedules:
        return False
    return connection.exec_driver_sql(_LOCK_TALLIED, {"schedules": schedules, "failed": failed}).first() is not None


_TALLY = """
WITH mine AS (
    SELECT s.id, counted.in_a_row, s.paused_at IS NULL AND counted.in_a_row >= s.pause_after_failures AS too_many
    FROM schedules s
    JOIN (SELECT id, count(*) FILTER (WHERE state = 'failed') AS failures,
                 count(*) FILTER (WHERE state = 'succeeded') AS successes
          FROM unnest(%(schedules)s::uuid[], %(states)s::text[]) AS v(id, state) GROUP BY id) v ON v.id = s.id
    CROSS JOIN LATERAL (
        SELECT CASE WHEN v.successes > 0 THEN 0 ELSE s.consecutive_failures END + v.failures AS in_a_row
    ) AS counted
    WHERE v.failures > 0 OR s.consecutive_failures > 0
    ORDER BY s.id FOR UPDATE OF s
)
UPDATE schedules s SET
    consecutive_failures = mine.in_a_row,
    paused_at = CASE WHEN mine.too_many THEN now() ELSE s.paused_at END,
    pause_reason = CASE WHEN mine.too_many THEN format('%%s failures in a row', mine.in_a_row) ELSE s.pause_reason END,
    paused_by = CASE WHEN mine.too_many THEN 'callsheet' ELSE s.paused_by END,
    next_due_at = CASE WHEN mine.too_many THEN now() ELSE s.next_due_at END
FROM mine WHERE s.id = mine.id
"""


def tally_outcomes(connection: sa.Connection, ended: Sequence[Any]) -> None:
    """Count final failures in a row per schedule; a success resets, too many pause the schedule.

    Rows have `schedule_id` and `state`. A schedule that is paused here is due at once: planning then decides what
    was due before the pause.
    """
    counted = [row for row in ended if row.schedule_id and row.state in (State.FAILED, State.SUCCEEDED)]
    if counted:
        parameters = {"schedules": [row.schedule_id for row in counted], "states": [row.state for row in counted]}
        connection.exec_driver_sql(_TALLY, parameters)
