"""SQL of streaks: how often a schedule has failed in the same way, without a success in between.

For plain messages the actor stands for the schedule. Runs follow each other as their ids do.
"""

from collections.abc import Iterable, Mapping
from uuid import UUID

import sqlalchemy as sa

from models.sql.rows import as_json, recordset
from models.words.states import State

NO_SCHEDULE = UUID(int=0)
"""Stands for plain messages, which have none."""

LOOKED_AT = 1000
"""So many runs before or after one are looked at for a success."""

OPEN = 100
"""So many streaks are looked at at once, of those that failed last."""

_FIRST, _LAST = NO_SCHEDULE, UUID(int=2**128 - 1)

Successes = Mapping[tuple[UUID, str], UUID]
"""By schedule and actor, the last run that has succeeded."""

# Ranges and both columns of the order: else the planner may look for the runs of one schedule among all there are.
_BEFORE = f"""
SELECT w.schedule, w.actor, r.id
FROM unnest(%(schedules)s::uuid[], %(actors)s::text[], %(runs)s::uuid[]) AS w(schedule, actor, run)
CROSS JOIN LATERAL (
    SELECT l.id FROM (
        SELECT schedule_id, id, state FROM runs
        WHERE (schedule_id, id) >= (w.schedule, '{_FIRST}') AND (schedule_id, id) < (w.schedule, w.run)
        ORDER BY schedule_id DESC, id DESC LIMIT {LOOKED_AT}
    ) l
    WHERE l.state = '{State.SUCCEEDED}' ORDER BY l.schedule_id DESC, l.id DESC LIMIT 1
) r
"""
_BEFORE_OF_MESSAGES = f"""
SELECT w.schedule, w.actor, r.id
FROM unnest(%(schedules)s::uuid[], %(actors)s::text[], %(runs)s::uuid[]) AS w(schedule, actor, run)
CROSS JOIN LATERAL (
    SELECT l.id FROM (
        SELECT schedule_id, id, state, actor FROM runs WHERE schedule_id IS NULL AND id < w.run
        ORDER BY schedule_id DESC, id DESC LIMIT {LOOKED_AT}
    ) l
    WHERE l.state = '{State.SUCCEEDED}' AND l.actor = w.actor ORDER BY l.schedule_id DESC, l.id DESC LIMIT 1
) r
"""


def last_successes(connection: sa.Connection, failed: Iterable[tuple[UUID, str, UUID]]) -> Successes:
    """The last success before the newest of these failed runs, each with its schedule and its actor."""
    newest: dict[tuple[UUID, str], UUID] = {}
    for schedule, actor, run in failed:
        newest[schedule, actor] = max(run, newest.get((schedule, actor), NO_SCHEDULE))
    found: dict[tuple[UUID, str], UUID] = {}
    for statement, is_plain in ((_BEFORE, False), (_BEFORE_OF_MESSAGES, True)):
        wanted = [key for key in newest if (key[0] == NO_SCHEDULE) is is_plain]
        if wanted:
            parameters = {
                "schedules": [schedule for schedule, _ in wanted],
                "actors": [actor for _, actor in wanted],
                "runs": [newest[key] for key in wanted],
            }
            rows = connection.exec_driver_sql(statement, parameters).all()
            found |= {(schedule, actor): run for schedule, actor, run in rows}
    return found


_END = f"""
UPDATE error_schedules e SET streak = 0
FROM {recordset({"schedule_id": "uuid", "actor": "text", "run_id": "uuid"})}, errors x
WHERE e.schedule_id = v.schedule_id AND e.streak > 0 AND e.last_run_id < v.run_id
  AND x.fingerprint = e.fingerprint AND (v.schedule_id <> '{NO_SCHEDULE}' OR x.actor = v.actor)
"""


def end_streaks(connection: sa.Connection, successes: Successes) -> None:
    """End the streaks of those that have succeeded since."""
    if successes:
        rows = [
            {"schedule_id": schedule, "actor": actor, "run_id": run} for (schedule, actor), run in successes.items()
        ]
        connection.exec_driver_sql(_END, {"rows": as_json(rows)})


# Of a schedule that has failed last, no later run has succeeded.
_SETTLE = f"""
WITH open AS MATERIALIZED (
    SELECT e.fingerprint, e.schedule_id, e.last_run_id, x.actor
    FROM error_schedules e JOIN errors x ON x.fingerprint = e.fingerprint LEFT JOIN schedules s ON s.id = e.schedule_id
    WHERE e.streak > 0 AND (e.schedule_id = '{NO_SCHEDULE}' OR s.consecutive_failures = 0)
    ORDER BY e.last_at DESC LIMIT {OPEN}
), over AS (
    SELECT o.fingerprint, o.schedule_id FROM open o
    WHERE CASE WHEN o.schedule_id <> '{NO_SCHEDULE}' THEN EXISTS (
        SELECT FROM (
            SELECT state FROM runs
            WHERE (schedule_id, id) > (o.schedule_id, o.last_run_id) AND (schedule_id, id) <= (o.schedule_id, '{_LAST}')
            ORDER BY schedule_id, id LIMIT {LOOKED_AT}
        ) l WHERE l.state = '{State.SUCCEEDED}')
    ELSE EXISTS (
        SELECT FROM (
            SELECT state, actor FROM runs WHERE schedule_id IS NULL AND id > o.last_run_id
            ORDER BY schedule_id, id LIMIT {LOOKED_AT}
        ) l WHERE l.state = '{State.SUCCEEDED}' AND l.actor = o.actor) END
)
UPDATE error_schedules e SET streak = 0 FROM over
WHERE e.fingerprint = over.fingerprint AND e.schedule_id = over.schedule_id
"""


def settle_streaks(connection: sa.Connection) -> int:
    """End the streaks after which a run has succeeded; how many."""
    return connection.exec_driver_sql(_SETTLE).rowcount
