"""SQL of dead letters: what people are told of messages that could not be read or stored, which the broker keeps."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from models.sql.rows import as_json, recordset

LATEST = 10
"""Of so many of a queue it is known why, the latest ones. Each has the same in its headers."""

COUNTED_QUEUES = 1000

_NOTE = f"""
WITH new AS (
    SELECT jsonb_agg(v || jsonb_build_object('at', now(), 'worker_id', %(worker)s::uuid) ORDER BY n DESC) AS latest
    FROM jsonb_array_elements(%(rows)s::jsonb) WITH ORDINALITY AS e(v, n)
)
INSERT INTO dead_letters AS d (queue, letters, came_at, latest)
SELECT %(queue)s, %(letters)s, now(), latest FROM new
ON CONFLICT (queue) DO UPDATE SET letters = d.letters + excluded.letters, came_at = excluded.came_at, latest = (
    SELECT jsonb_agg(v ORDER BY n)
    FROM jsonb_array_elements(excluded.latest || d.latest) WITH ORDINALITY AS e(v, n) WHERE n <= {LATEST})
"""


def note_dead_letters(
    connection: sa.Connection, queue: str, worker: UUID, letters: Sequence[Mapping[str, Any]]
) -> None:
    """Note what a worker has just put among the dead letters of a queue, the last of it last: of each a `reason`, the
    same for people (`because`), and how many `bytes` it has."""
    given = {"queue": queue, "worker": worker, "letters": len(letters), "rows": as_json(letters[-LATEST:])}
    connection.exec_driver_sql(_NOTE, given)


_TO_COUNT = f"SELECT queue FROM actors UNION SELECT queue FROM dead_letters ORDER BY queue LIMIT {COUNTED_QUEUES}"


def queues_to_count(connection: sa.Connection) -> Sequence[str]:
    """The queues of announced actors, and those that have had dead letters."""
    return connection.exec_driver_sql(_TO_COUNT).scalars().all()


# What has just come may not have been there yet when it was counted.
_NOTE_COUNTS = f"""
INSERT INTO dead_letters AS d (queue, letters, counted_at, latest)
SELECT queue, letters, now(), '[]' FROM {recordset({"queue": "text", "letters": "bigint"})} ORDER BY queue
ON CONFLICT (queue) DO UPDATE SET letters = excluded.letters, counted_at = now(), latest = CASE
    WHEN excluded.letters = 0 AND d.came_at < now() - interval '1 minute' THEN '[]' ELSE d.latest END
WHERE d.letters <> excluded.letters OR coalesce(d.counted_at, '-infinity') < now() - interval '1 minute'
"""
_FORGET = """
DELETE FROM dead_letters d WHERE d.letters = 0 AND coalesce(d.came_at, '-infinity') < now() - interval '1 minute'
    AND NOT EXISTS (SELECT FROM actors a WHERE a.queue = d.queue)
"""


def note_counts(connection: sa.Connection, counts: Mapping[str, int]) -> None:
    """Note how many dead letters the broker has of each queue. A queue that nobody uses and that has none is
    forgotten."""
    rows = ({"queue": queue, "letters": letters} for queue, letters in counts.items())
    connection.exec_driver_sql(_NOTE_COUNTS, {"rows": as_json(rows)})
    connection.exec_driver_sql(_FORGET)


_GET = "SELECT letters, counted_at, latest FROM dead_letters WHERE queue = %(queue)s"


def get_dead_letters(connection: sa.Connection, queue: str) -> sa.Row[Any] | None:
    """How many `letters` a queue has, as `counted_at`, and the `latest` of them; None where nobody has counted any."""
    return connection.exec_driver_sql(_GET, {"queue": queue}).one_or_none()
