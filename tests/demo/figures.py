"""What processes would have counted of the demo's past."""

from models.statistics.counts import FIVE_MINUTES, HOUR
from models.statistics.histogram import BOUNDS

_BOUNDS = ", ".join(map(str, BOUNDS))


def _histogram(column: str) -> str:
    buckets = (f"count(*) FILTER (WHERE width_bucket({column}, b) = {n})" for n in range(len(BOUNDS) + 1))
    return f"ARRAY[{', '.join(buckets)}], coalesce(sum({column}), 0)"


def _of(span: int, kind: str) -> str:
    return f"""
SELECT {span}, {kind}, to_timestamp(floor(extract(epoch FROM finished_at) / {span}) * {span}), state, outcome, count(*),
    {_histogram("late")}, {_histogram("took")}
FROM ended CROSS JOIN (SELECT ARRAY[{_BOUNDS}]::float[]) AS bounds(b) GROUP BY 1, 2, 3, 4, 5, 6"""


FIGURES = f"""
WITH ended AS (
    SELECT actor, queue, finished_at, state, coalesce(attempts -> -1 ->> 'outcome', '') AS outcome,
        greatest(0, extract(epoch FROM started_at - due_at))::float AS late,
        extract(epoch FROM finished_at - started_at)::float AS took
    FROM runs WHERE finished_at > now() - interval '8 days'
)
INSERT INTO statistics
{" UNION ALL ".join((_of(FIVE_MINUTES, "actor, queue"), _of(FIVE_MINUTES, "'', ''"), _of(HOUR, "'', ''")))}
"""
