"""SQL of counters as people see them: what all processes have counted, since ever."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import sqlalchemy as sa

from models.statistics.histogram import Histogram

LOOKED_AT = 10_000


class Counted(NamedTuple):
    """What a metric has come to, by its labels; a histogram where spans of time were observed."""

    name: str
    labels: Mapping[str, str]
    value: float
    spans: Histogram | None


_READ = "SELECT name, labels, value, buckets FROM counters ORDER BY name, labels LIMIT %(limit)s"


def read_counters(connection: sa.Connection) -> Sequence[Counted]:
    """All counters, as far as they have been told."""
    rows = connection.exec_driver_sql(_READ, {"limit": LOOKED_AT})
    return [
        Counted(name, labels, value, Histogram(buckets, value) if buckets else None)
        for name, labels, value, buckets in rows
    ]
