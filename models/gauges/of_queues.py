"""SQL of queues as metrics show them: what is on its way through each, and for how long its oldest run has waited."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import sqlalchemy as sa

from models.queues import COUNTED, count_queues, list_queues
from models.sql.spelling import quoted
from models.words.states import PUBLISHABLE_STATES, State

MOST_QUEUES = 100

_COUNT = f"""
SELECT k.name, w.planned, w.retrying, q.queued
FROM unnest(%(names)s::text[]) AS k(name)
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE state = '{State.PLANNED}') AS planned,
        count(*) FILTER (WHERE state = '{State.RETRYING}') AS retrying
    FROM (SELECT state FROM runs WHERE state IN ({quoted(PUBLISHABLE_STATES)}) AND queue = k.name
        LIMIT {COUNTED}) few) w
CROSS JOIN LATERAL (
    SELECT count(*) AS queued FROM (
        SELECT FROM runs WHERE state = '{State.QUEUED}' AND queue = k.name LIMIT {COUNTED}) few) q
"""


class QueueNow(NamedTuple):
    """A queue, its runs that have not ended by their state, and for how long the oldest that is due has waited."""

    name: str
    runs: Mapping[State, int]
    oldest_seconds: float


class Queues(NamedTuple):
    """The first of the queues, and how many others there are."""

    items: Sequence[QueueNow]
    left_out: int


def read_queues(connection: sa.Connection) -> Queues:
    """Queues by name. Changes how the rest of the transaction is planned: let nothing else be in it."""
    rows = list_queues(connection, MOST_QUEUES, counted=1)
    names = [row.name for row in rows]
    left_out = count_queues(connection, COUNTED, names[-1]) if len(names) == MOST_QUEUES else 0
    counted = {row.name: row for row in connection.exec_driver_sql(_COUNT, {"names": names})}
    items = [
        QueueNow(
            row.name,
            {
                State.PLANNED: counted[row.name].planned,
                State.QUEUED: counted[row.name].queued,
                State.RUNNING: row.running,
                State.RETRYING: counted[row.name].retrying,
            },
            max(0.0, row.oldest_waiting_seconds or 0.0),
        )
        for row in rows
    ]
    return Queues(items, left_out)
