"""SQL of what follows from the end of a run, through whichever door it ended."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa

from models.sql.spelling import quoted
from models.sql.wake import notify
from models.words.states import PUBLISHABLE_STATES, State


class EndedRun(NamedTuple):
    """A run after the end of its attempt, or (state `running`) after it was asked to end."""

    id: UUID
    attempt: int
    state: str
    schedule_id: UUID | None
    is_awaited: bool
    """Whether another run of its schedule waits, perhaps for its end."""


ENDED = f"""r.id, r.attempt, r.state, r.schedule_id, r.overlap <> 'allow' AND EXISTS (
    SELECT FROM runs o
    WHERE o.schedule_id = r.schedule_id AND o.id <> r.id AND o.state IN ({quoted(PUBLISHABLE_STATES)}))"""
"""What a statement that ends `runs r` returns for an `EndedRun`."""


def after_ends(connection: sa.Connection, ended: Sequence[EndedRun]) -> None:
    """What follows in the transaction that ends them, for every door: a worker's word, a lost lease, a cancel by people
    or by a newer slot, a missed deadline."""
    if any(run.state == State.RETRYING or (run.is_awaited and run.state != State.RUNNING) for run in ended):
        notify(connection)


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


def tally_outcomes(connection: sa.Connection, ended: Sequence[EndedRun]) -> None:
    """Count final failures in a row per schedule; a success resets, too many pause the schedule.

    In a transaction of its own: planning locks schedules before runs. A schedule that is paused here is due at once, so
    that planning decides what was due before the pause.
    """
    counted = [row for row in ended if row.schedule_id and row.state in (State.FAILED, State.SUCCEEDED)]
    if counted:
        parameters = {"schedules": [row.schedule_id for row in counted], "states": [row.state for row in counted]}
        connection.exec_driver_sql(_TALLY, parameters)
