"""SQL of show: what a worker's runs have printed since it last said so, and how far they are, in one statement."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa

from models.sql.rows import as_json
from models.sql.spelling import state_in
from models.words.parts import Part
from models.words.states import State

Key = tuple[UUID, int]
"""A run and its attempt."""


class Shown(NamedTuple):
    """What is new of one attempt. `parts` are written in the place of what is shorter there. Between the two places
    of `dropped` nothing is kept. `progress` was said `age_seconds` ago; None for nothing new."""

    key: Key
    parts: Sequence[Part]
    dropped: tuple[int, int]
    progress: dict[str, Any] | None
    age_seconds: float


# An attempt that is another worker's by now, or has ended, shows nothing more. No run is locked for that: what comes
# late all the same stands beside the final output, which counts.
_SHOW = f"""
WITH mine AS MATERIALIZED (
    SELECT r.id, r.attempt FROM runs r
    WHERE r.id = ANY(%(ids)s) AND {state_in("r", (State.RUNNING,))} AND r.worker_id = %(worker)s
), said AS (
    INSERT INTO live_progress (run_id, attempt, progress)
    SELECT v.id, v.attempt, v.progress || jsonb_build_object('at', clock_timestamp() - make_interval(secs => v.age))
    FROM jsonb_to_recordset(%(said)s::jsonb) AS v(id uuid, attempt int, progress jsonb, age float)
    JOIN mine USING (id, attempt)
    ON CONFLICT (run_id, attempt) DO UPDATE SET progress = excluded.progress
), dropped AS (
    DELETE FROM live_outputs o
    USING jsonb_to_recordset(%(dropped)s::jsonb) AS v(id uuid, attempt int, since bigint, until bigint)
    WHERE o.run_id = v.id AND o.attempt = v.attempt AND o.start >= v.since
      AND o.start + octet_length(o.output) < v.until
), printed AS (
    INSERT INTO live_outputs (run_id, attempt, start, output)
    SELECT v.id, v.attempt, v.start, v.output
    FROM jsonb_to_recordset(%(printed)s::jsonb) AS v(id uuid, attempt int, start bigint, output text)
    JOIN mine USING (id, attempt)
    ON CONFLICT (run_id, attempt, start) DO UPDATE SET output = excluded.output
    WHERE octet_length(excluded.output) > octet_length(live_outputs.output)
)
SELECT id, attempt FROM mine
"""


def show_runs(connection: sa.Connection, news: Sequence[Shown], worker: UUID) -> None:
    """Let people see this of the attempts that the worker still holds. What is said twice is there once."""
    said = [
        {**_named(each.key), "progress": each.progress, "age": each.age_seconds}
        for each in news
        if each.progress is not None
    ]
    dropped = [
        {**_named(each.key), "since": each.dropped[0], "until": each.dropped[1]}
        for each in news
        if each.dropped[0] < each.dropped[1]
    ]
    printed = [
        {**_named(each.key), "start": part.start, "output": part.data.decode()} for each in news for part in each.parts
    ]
    parameters = {"said": as_json(said), "dropped": as_json(dropped), "printed": as_json(printed), "worker": worker}
    connection.exec_driver_sql(_SHOW, parameters | {"ids": [each.key[0] for each in news]})


# What somebody has locked, such as a statement of ours that nobody hears of any more, is left to housekeeping.
_HIDE = """
WITH v AS MATERIALIZED (
    SELECT * FROM unnest(%(ids)s::uuid[], %(attempts)s::int[]) AS v(run_id, attempt)
), p AS MATERIALIZED (
    SELECT run_id, attempt FROM live_progress l JOIN v USING (run_id, attempt) FOR UPDATE OF l SKIP LOCKED
), o AS MATERIALIZED (
    SELECT run_id, attempt, start FROM live_outputs l JOIN v USING (run_id, attempt) FOR UPDATE OF l SKIP LOCKED
), said AS (
    DELETE FROM live_progress l USING p WHERE l.run_id = p.run_id AND l.attempt = p.attempt
)
DELETE FROM live_outputs l USING o WHERE l.run_id = o.run_id AND l.attempt = o.attempt AND l.start = o.start
"""


def hide_runs(connection: sa.Connection, keys: Iterable[Key]) -> None:
    """These attempts have ended, and what is kept of them is written."""
    if pairs := list(keys):
        parameters = {"ids": [id_ for id_, _ in pairs], "attempts": [attempt for _, attempt in pairs]}
        connection.exec_driver_sql(_HIDE, parameters)


def _named(key: Key) -> dict[str, Any]:
    return {"id": key[0], "attempt": key[1]}
