"""SQL of what follows from the end of a run, through whichever door it ended."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa

from models.access.audit import noting
from models.events.telling import tell
from models.failures.noting import note_failed
from models.sql.spelling import quoted, state_in
from models.sql.wake import notify
from models.words.states import PUBLISHABLE_STATES, State, Trigger

# The count of retries and of interruptions tells nearly always. A lost attempt may have started without our knowing; of
# a version before only the list tells of interruptions.
UNSTARTED = """r.retries = 0 AND r.interruptions = 0
  AND NOT r.attempts @? '$[*] ? (@.started_at != null || @.outcome == "lost")'"""
"""Whether none of the attempts of `runs r` that have ended has really started."""


class EndedRun(NamedTuple):
    """A run after the end of its attempt, or (state `running`) after it was asked to end."""

    id: UUID
    attempt: int
    state: str
    schedule_id: UUID | None
    finished_at: datetime | None
    is_awaited: bool
    """Whether another run of its schedule waits, perhaps for its end."""
    never_ran: bool
    """Whether it is the run of a slot that was skipped or cancelled before it had started."""
    by_hand: bool = False
    """Whether somebody has asked for it, or for it again."""
    actor: str = ""
    queue: str = ""
    """Of one that ended without a word of its worker; who ends an attempt knows both."""


ENDED = f"""r.id, r.attempt, r.state, r.schedule_id, r.finished_at, r.overlap <> 'allow' AND EXISTS (
    SELECT FROM runs o
    WHERE o.schedule_id = r.schedule_id AND o.id <> r.id AND o.state IN ({quoted(PUBLISHABLE_STATES)})),
    r.trigger = '{Trigger.SCHEDULE}' AND {state_in("r", (State.SKIPPED, State.CANCELLED))} AND {UNSTARTED},
    r.trigger = '{Trigger.MANUAL}'"""
"""What a statement that ends attempts of `runs r` returns for an `EndedRun`."""

ENDED_UNSTARTED = f"{ENDED}, r.actor, r.queue"
"""What one returns that ends runs by itself."""


def after_ends(connection: sa.Connection, ended: Sequence[EndedRun]) -> None:
    """What follows in the transaction that ends them, for every door: a worker's word, a lost lease, a cancel by people
    or by a newer slot, a missed deadline."""
    if any(run.state == State.RETRYING or (run.is_awaited and run.state != State.RUNNING) for run in ended):
        notify(connection)
    tell(connection, [run for run in ended if run.state != State.RUNNING])
    if failed := [run.id for run in ended if run.state == State.FAILED]:
        note_failed(connection, failed)


# Where it was used up, planning looks at the schedule again.
_COUNT_BACK = """
WITH v AS (
    SELECT id, count(*) AS slots FROM unnest(%(schedules)s::uuid[]) AS e(id) GROUP BY id
), mine AS (
    SELECT s.id, v.slots FROM schedules s JOIN v ON v.id = s.id ORDER BY s.id FOR UPDATE OF s SKIP LOCKED
), counted AS (
    UPDATE schedules s SET
        slots_run = greatest(0, s.slots_run - mine.slots),
        next_due_at = CASE WHEN s.paused_at IS NULL AND s.slots_run >= s.max_runs THEN now() ELSE s.next_due_at END
    FROM mine WHERE s.id = mine.id
    RETURNING s.id
)
SELECT s.id FROM schedules s JOIN v ON v.id = s.id WHERE s.id NOT IN (SELECT id FROM counted)
"""


def count_back(connection: sa.Connection, ended: Sequence[EndedRun]) -> list[EndedRun]:
    """Take the slots that never ran out of those that did (`slots_run`), as they don't count for `max_runs`.

    In the transaction that ends them only where that has locked their schedules before. Returns what is still to be
    counted, as somebody has locked its schedule.
    """
    counted = [run for run in ended if run.schedule_id and run.never_ran]
    if not counted:
        return []
    schedules = [run.schedule_id for run in counted]
    locked = set(connection.exec_driver_sql(_COUNT_BACK, {"schedules": schedules}).scalars())
    notify(connection)
    return [run for run in counted if run.schedule_id in locked]


_NOTE_PAUSE = noting(
    "schedule.pause", "tallied WHERE too_many", after="jsonb_build_object('until', NULL)", reason="pause_reason"
)

# Failures after the last success of a group count on; a schedule that somebody has locked is left for later.
_TALLY = f"""
WITH v AS (
    SELECT id, count(*) FILTER (WHERE state = 'failed' AND at > coalesce(last_success, '-infinity')) AS failures,
        count(*) FILTER (WHERE state = 'succeeded') AS successes
    FROM (SELECT id, state, at, max(at) FILTER (WHERE state = 'succeeded') OVER (PARTITION BY id) AS last_success
          FROM unnest(%(schedules)s::uuid[], %(states)s::text[], %(at)s::timestamptz[]) AS e(id, state, at)) e
    GROUP BY id
), wanted AS (
    SELECT s.id FROM schedules s JOIN v ON v.id = s.id WHERE v.failures > 0 OR s.consecutive_failures > 0
), mine AS (
    SELECT s.id, counted.in_a_row, s.paused_at IS NULL AND counted.in_a_row >= s.pause_after_failures AS too_many
    FROM schedules s JOIN v ON v.id = s.id
    CROSS JOIN LATERAL (
        SELECT CASE WHEN v.successes > 0 THEN 0 ELSE s.consecutive_failures END + v.failures AS in_a_row
    ) AS counted
    WHERE s.id IN (SELECT id FROM wanted)
    ORDER BY s.id FOR UPDATE OF s SKIP LOCKED
), tallied AS (
    UPDATE schedules s SET
        consecutive_failures = mine.in_a_row,
        paused_at = CASE WHEN mine.too_many THEN now() ELSE s.paused_at END,
        pause_reason = CASE WHEN mine.too_many THEN format('%%s failures in a row', mine.in_a_row)
            ELSE s.pause_reason END,
        paused_by = CASE WHEN mine.too_many THEN 'callsheet' ELSE s.paused_by END,
        next_due_at = CASE WHEN mine.too_many THEN now() ELSE s.next_due_at END
    FROM mine WHERE s.id = mine.id
    RETURNING s.id, s.name, s.pause_reason, mine.too_many
), noted AS (
    {_NOTE_PAUSE}
)
SELECT id FROM wanted WHERE id NOT IN (SELECT id FROM tallied)
"""


def _counts(run: EndedRun) -> bool:
    return run.state == State.SUCCEEDED or (run.state == State.FAILED and not run.by_hand)


_HAVE_FAILED = "SELECT EXISTS (SELECT FROM schedules WHERE id = ANY(%(schedules)s) AND consecutive_failures > 0)"


def tally_outcomes(connection: sa.Connection, ended: Sequence[EndedRun]) -> list[EndedRun]:
    """Count final failures in a row per schedule; a success resets, too many pause the schedule. Count slots back.
    Failures of runs by hand don't count: whoever looks for what is wrong makes many.

    It waits for no lock, so it may follow in the transaction that ends them, though planning locks schedules before
    runs. A schedule that is paused here is due at once, so that planning decides what was due before the pause. Returns
    what is still to be counted, as somebody has locked its schedule.
    """
    counted = [run for run in ended if run.schedule_id and _counts(run)]
    uncounted = count_back(connection, ended)
    schedules = [run.schedule_id for run in counted]
    if not counted or not (
        any(run.state == State.FAILED for run in counted)
        or connection.exec_driver_sql(_HAVE_FAILED, {"schedules": schedules}).scalar_one()
    ):
        return uncounted  # mostly nothing failed, and nothing did before
    parameters = {
        "schedules": schedules,
        "states": [run.state for run in counted],
        "at": [run.finished_at for run in counted],
    }
    locked = set(connection.exec_driver_sql(_TALLY, parameters).scalars())
    return uncounted + [run for run in counted if run.schedule_id in locked]
