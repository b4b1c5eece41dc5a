"""Filters of runs, as conditions in SQL: those that an index answers, and those for which rows are looked at."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from models.finding.errors import WORDS
from models.sql.scope import RUNS_IN_SCOPE
from models.words.states import LIVE_STATES, State

_BOUNDS = {"before": "id < %(before)s", "since": "id >= %(since)s", "until": "id < %(until)s"}

FAILED_ROWS = 10_000
"""Of a kind of failures so many are looked at, the newest."""

_OF_KIND = f"""id = ANY(ARRAY(
    SELECT run_id FROM failed_runs WHERE fingerprint = %(fingerprint)s ORDER BY run_id DESC LIMIT {FAILED_ROWS}))"""

INDEXED = _BOUNDS | {
    "schedule_id": "schedule_id = %(schedule_id)s",
    "states": "state = ANY(%(states)s)",
    "fingerprint": _OF_KIND,
}
HAS_ERROR = "error_type IS NOT NULL"
"""Only rows with an error can have something in its words, and they have an index."""

LOOKED_AT = {
    "schedule_name": "schedule_name = %(schedule_name)s",
    "actor": "actor = %(actor)s",
    "states": "state = ANY(%(states)s)",
    "trigger": "trigger = %(trigger)s",
    "scope_prefix": "true",
    "scope_tags": RUNS_IN_SCOPE,
    "error": f"strpos({WORDS}, lower(%(error)s)) > 0",
    "q": "strpos(lower(coalesce(schedule_name, '') || ' ' || actor), lower(%(q)s)) > 0",
}


_LIVE_AND_FAILED = {*LIVE_STATES, State.FAILED}
"""States of which an index has all runs."""


def indexed_of(given: Mapping[str, Any]) -> set[str]:
    """Of the filters that are given those that an index answers."""
    few = _LIVE_AND_FAILED.issuperset(given.get("states", ()))
    return {name for name in given if name in INDEXED and (few or name != "states")}


def where(conditions: Sequence[str]) -> str:
    """All of them."""
    return f"WHERE {' AND '.join(conditions)}" if conditions else ""


def last_looked_at(
    connection: sa.Connection, conditions: Sequence[str], given: Mapping[str, Any], most: int
) -> UUID | None:
    """The run at which a page that looks at so `most` stopped looking; None if it has looked at all there are."""
    statement = f"""
SELECT id FROM runs {where(conditions)} ORDER BY id DESC OFFSET {most - 1} LIMIT 2"""
    found: Sequence[UUID] = connection.exec_driver_sql(statement, given).scalars().all()
    return found[0] if len(found) > 1 else None
