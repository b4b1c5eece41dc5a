"""SQL of what attempts have printed, be it over or not."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from models.live.showing import Key
from models.words.parts import NOTHING, Joined, Part, join, take_apart

LIVE_PARTS = """
LEFT JOIN LATERAL (
    SELECT array_agg(l.start ORDER BY l.start) AS starts, array_agg(l.output ORDER BY l.start) AS parts
    FROM live_outputs l WHERE l.run_id = {run} AND l.attempt = {attempt} AND o.output IS NULL
) l ON true
"""
"""Joins `starts` and `parts` of an attempt of which `o`, of run_outputs, has no output: it goes on, or nobody has
written its end."""


@dataclass(frozen=True)
class Live:
    """What an attempt has shown until now. `progress` is None where it has said nothing."""

    output: Joined
    progress: dict[str, Any] | None


_OUTPUT = f"""
SELECT o.output, o.output_gaps, l.starts, l.parts
FROM (SELECT id, coalesce(%(attempt)s, attempt) AS attempt FROM runs WHERE id = %(id)s) r
LEFT JOIN run_outputs o ON o.run_id = r.id AND o.attempt = r.attempt
{LIVE_PARTS.format(run="r.id", attempt="r.attempt")}
"""


def get_output(connection: sa.Connection, run: UUID, attempt: int | None = None, after: int = 0) -> Joined | None:
    """What an attempt of the run printed, the latest unless given, after so many bytes; None if there is no such run.

    Of an attempt that goes on it is what it has printed so far.
    """
    found = connection.exec_driver_sql(_OUTPUT, {"id": run, "attempt": attempt}).one_or_none()
    if found is None:
        return None
    if found.output is None:
        return join(live_parts(found), after)
    return join(take_apart(found.output, found.output_gaps), after)


def live_parts(row: sa.Row[Any]) -> list[Part]:
    """The parts of a row that has them by `LIVE_PARTS`."""
    return [Part(start, text.encode()) for start, text in zip(row.starts or (), row.parts or (), strict=True)]


_LIVE = """
SELECT v.run_id, v.attempt, l.starts, l.parts, p.progress
FROM unnest(%(ids)s::uuid[], %(attempts)s::int[]) AS v(run_id, attempt)
LEFT JOIN LATERAL (
    SELECT array_agg(l.start ORDER BY l.start) AS starts, array_agg(l.output ORDER BY l.start) AS parts
    FROM live_outputs l WHERE l.run_id = v.run_id AND l.attempt = v.attempt
) l ON true
LEFT JOIN live_progress p ON p.run_id = v.run_id AND p.attempt = v.attempt
WHERE l.starts IS NOT NULL OR p.run_id IS NOT NULL
"""


def read_live(connection: sa.Connection, keys: Iterable[Key]) -> dict[Key, Live]:
    """What these attempts have shown; those that have shown nothing are not among them."""
    pairs = list(keys)
    given = {"ids": [id_ for id_, _ in pairs], "attempts": [attempt for _, attempt in pairs]}
    return {
        (row.run_id, row.attempt): Live(join(live_parts(row)) if row.starts else NOTHING, row.progress)
        for row in connection.exec_driver_sql(_LIVE, given)
    }
