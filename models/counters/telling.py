"""SQL of adding what a process has counted to what all have: in numbered pieces, as statistics are."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import sqlalchemy as sa

from models.counters.counting import OF_PROCESS, Counter, Counting, Piece
from models.sql.rows import as_json, recordset
from models.statistics.histogram import Histogram
from models.words.text import is_storable

MAX_LABEL_CHARACTERS = 200

# In the order of the key: many processes add to the same rows.
_ADD = f"""
WITH new AS (
    INSERT INTO statistics_told AS t (process_id, number, told_at) VALUES (%(process)s, %(number)s, now())
    ON CONFLICT (process_id) DO UPDATE SET number = excluded.number, told_at = now() WHERE t.number < excluded.number
    RETURNING process_id
)
INSERT INTO counters AS c (name, labels, value, buckets)
SELECT name, labels, value, buckets
FROM {recordset({"name": "text", "labels": "jsonb", "value": "float", "buckets": "bigint[]"})}
WHERE EXISTS (SELECT FROM new)
ORDER BY name, labels
ON CONFLICT (name, labels) DO UPDATE SET value = c.value + excluded.value, buckets = coalesce((
    SELECT array_agg(coalesce(mine, 0) + coalesce(more, 0) ORDER BY bucket)
    FROM unnest(c.buckets, excluded.buckets) WITH ORDINALITY AS u(mine, more, bucket)), '{{}}')
"""


def tell_counters(connection: sa.Connection, counting: Counting = OF_PROCESS) -> Callable[[], None]:
    """Add what this process has counted and not told, in a transaction of its own. Returns what is to be called once
    that is committed. What is told twice, as nobody knows whether it was heard, is added once."""
    piece = counting.next_piece()
    if piece is None:
        return _nothing
    rows = as_json(_rows(piece))
    connection.exec_driver_sql(_ADD, {"process": piece.process, "number": piece.number, "rows": rows})
    return partial(counting.note_told, piece.number)


def _nothing() -> None:
    """There was nothing to tell."""


def _rows(piece: Piece) -> Iterator[Mapping[str, Any]]:
    values: dict[Counter, float] = {}
    buckets: dict[Counter, Histogram] = {}
    for counter, amount in piece.counts.items():
        values[_storable(counter)] = values.get(_storable(counter), 0) + amount
    for counter, spans in piece.spans.items():
        buckets.setdefault(_storable(counter), Histogram()).merge(spans)
    for counter, value in values.items():
        yield {"name": counter.name, "labels": dict(counter.labels), "value": value, "buckets": []}
    for counter, spans in buckets.items():
        yield {"name": counter.name, "labels": dict(counter.labels), "value": spans.seconds, "buckets": spans.counts}


def _storable(counter: Counter) -> Counter:
    """With labels that can be stored: what one process can't tell must not keep it from telling the rest."""
    labels = ((name, value[:MAX_LABEL_CHARACTERS]) for name, value in counter.labels)
    return Counter(counter.name, tuple((name, value if is_storable(value) else "?") for name, value in labels))
