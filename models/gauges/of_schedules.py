"""SQL of schedules as metrics show them: how many there are in which state, and single ones that people have tagged."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa

from models.words.states import State

TAG = "metrics"
MOST_TAGGED = 200
LOOKED_AT = 100_000
NEWEST = 60
"""Of each so many of its newest runs are looked at for one that has succeeded."""

_IS_PAUSED = "paused_at IS NOT NULL AND (paused_until IS NULL OR paused_until > now())"
_STATES = f"""
SELECT CASE WHEN error IS NOT NULL THEN 'quarantined' WHEN {_IS_PAUSED} THEN 'paused' ELSE 'active' END AS state,
    count(*), max(consecutive_failures)
FROM (SELECT error, paused_at, paused_until, consecutive_failures FROM schedules LIMIT {LOOKED_AT}) s GROUP BY 1
"""


class Schedules(NamedTuple):
    """How many schedules there are, by state, and the longest streak of failures of one."""

    states: Mapping[str, int]
    longest_streak: int


def read_schedules(connection: sa.Connection) -> Schedules:
    """All schedules together."""
    states, longest = {"active": 0, "paused": 0, "quarantined": 0}, 0
    for state, number, streak in connection.exec_driver_sql(_STATES):
        states[state] = number
        longest = max(longest, streak)
    return Schedules(states, longest)


class Tagged(NamedTuple):
    """A schedule that is tagged; `success_age_seconds` is None where none of its newest runs has succeeded."""

    name: str
    consecutive_failures: int
    success_age_seconds: float | None


# A range, not an equality, so that the index of a schedule's runs is used whatever the planner makes of their number.
_TAGGED = f"""
SELECT s.name, s.consecutive_failures, (
    SELECT extract(epoch FROM now() - max(r.finished_at) FILTER (WHERE r.state = '{State.SUCCEEDED}'))::float
    FROM (SELECT state, finished_at FROM runs
        WHERE (schedule_id, id) >= (s.id, '{UUID(int=0)}') AND (schedule_id, id) <= (s.id, '{UUID(int=2**128 - 1)}')
        ORDER BY schedule_id DESC, id DESC LIMIT {NEWEST}) r)
FROM (SELECT id, name, consecutive_failures FROM schedules WHERE tags ? '{TAG}' ORDER BY name
    LIMIT {MOST_TAGGED}) s
ORDER BY s.name
"""
_HOW_MANY = f"SELECT count(*) FROM schedules WHERE tags ? '{TAG}'"


def read_tagged(connection: sa.Connection) -> tuple[Sequence[Tagged], int]:
    """The first schedules that are tagged `metrics`, by name, and how many others are."""
    items = [Tagged(*row) for row in connection.exec_driver_sql(_TAGGED)]
    if len(items) < MOST_TAGGED:
        return items, 0
    return items, int(connection.exec_driver_sql(_HOW_MANY).scalar_one()) - MOST_TAGGED
