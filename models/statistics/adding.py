"""SQL of adding to statistics: what a process has counted since it last did, and what commands have noted."""

from collections.abc import Callable, Iterable
from threading import Lock
from uuid import UUID

import sqlalchemy as sa

from models.sql.rows import as_json, recordset
from models.statistics.counts import Counted, Counts

_KEY = "span_seconds, actor, queue, begins_at, state, outcome"
_ROWS = recordset(
    {
        "span_seconds": "int",
        "actor": "text",
        "queue": "text",
        "state": "text",
        "outcome": "text",
        "runs": "bigint",
        "lateness": "bigint[]",
        "lateness_seconds": "float",
        "duration": "bigint[]",
        "duration_seconds": "float",
    }
)
_SUMS = ("runs", "lateness_seconds", "duration_seconds")
_HISTOGRAMS = ("lateness", "duration")
_COLUMNS = ", ".join((*_SUMS, *_HISTOGRAMS))


def _sum_of(histogram: str) -> str:
    return f"""{histogram} = coalesce((
        SELECT array_agg(coalesce(mine, 0) + coalesce(more, 0) ORDER BY bucket)
        FROM unnest(s.{histogram}, excluded.{histogram}) WITH ORDINALITY AS u(mine, more, bucket)), '{{}}')"""


# By the database's clock, in the order of the key: many processes add to the same rows.
def _add(condition: str) -> str:
    return f"""
INSERT INTO statistics AS s ({_KEY}, {_COLUMNS})
SELECT span_seconds, actor, queue,
    to_timestamp(CASE WHEN span_seconds = 0 THEN 0
        ELSE floor(extract(epoch FROM now()) / span_seconds) * span_seconds END) AS begins_at,
    state, outcome, {_COLUMNS}
FROM {_ROWS}
WHERE {condition}
ORDER BY {_KEY}
ON CONFLICT ({_KEY}) DO UPDATE SET {", ".join(f"{name} = s.{name} + excluded.{name}" for name in _SUMS)},
    {", ".join(map(_sum_of, _HISTOGRAMS))}
"""


_ADD_NOTED = _add("true")
_ADD_TOLD = f"""
WITH new AS (
    INSERT INTO statistics_told AS t (process_id, number, told_at) VALUES (%(process)s, %(number)s, now())
    ON CONFLICT (process_id) DO UPDATE SET number = excluded.number, told_at = now() WHERE t.number < excluded.number
    RETURNING process_id
)
{_add("EXISTS (SELECT FROM new)")}
"""


class Statistics:
    """What a process has counted and not told yet. Told in pieces that have numbers: one of which nobody knows whether
    it was heard is told again, and added once. What a process has counted and not told is lost if it is killed."""

    def __init__(self, process: UUID) -> None:
        self._process = process
        self._lock = Lock()
        self._counts = Counts()
        self._telling: Counts | None = None
        self._number = 0

    def count(self, ended: Iterable[Counted]) -> None:
        """Count these, which have been written."""
        with self._lock:
            for each in ended:
                self._counts.note(each)

    def tell(self, connection: sa.Connection) -> Callable[[], None]:
        """Add what is new, in a transaction of its own. Returns what is to be called once that is committed."""
        with self._lock:
            if self._telling is None and self._counts:
                self._telling, self._counts = self._counts, Counts()
                self._number += 1
        if self._telling is not None:
            parameters = {"process": self._process, "number": self._number, "rows": as_json(self._telling.rows())}
            connection.exec_driver_sql(_ADD_TOLD, parameters)
        return self._note_told

    def _note_told(self) -> None:
        self._telling = None


_NOTE = f"""
INSERT INTO statistics_notes (actor, queue, state, runs)
SELECT actor, queue, state, runs
FROM {recordset({"actor": "text", "queue": "text", "state": "text", "runs": "bigint"})}
"""


def note_ended(connection: sa.Connection, ended: Iterable[Counted]) -> None:
    """Have these counted by scheduling, if the transaction that ends them commits. For what people ask for: a note
    stands in nobody's way."""
    counts = Counts()
    for each in ended:
        counts.note(each)
    if counts:
        rows = ({**kind._asdict(), "runs": count.runs} for kind, count in counts.items())
        connection.exec_driver_sql(_NOTE, {"rows": as_json(rows)})


_TAKE_NOTES = """
WITH taken AS (
    DELETE FROM statistics_notes WHERE id = ANY(ARRAY(
        SELECT id FROM statistics_notes ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED))
    RETURNING actor, queue, state, runs
)
SELECT actor, queue, state, sum(runs)::bigint, count(*) FROM taken GROUP BY actor, queue, state
"""


def add_noted(connection: sa.Connection, limit: int) -> int:
    """Add what commands have noted, `limit` notes at most; how many."""
    counts, notes = Counts(), 0
    for actor, queue, state, runs, number in connection.exec_driver_sql(_TAKE_NOTES, {"limit": limit}):
        counts.add(actor, queue, state, runs)
        notes += number
    if counts:
        connection.exec_driver_sql(_ADD_NOTED, {"rows": as_json(counts.rows())})
    return notes
