"""SQL of runs as people see them: list, get, and the keys of triggers."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from models.tables.run import RunColumns

_RESERVE_KEY = """
WITH reserved AS (
    INSERT INTO trigger_keys (schedule_id, key, run_id, created_at) VALUES (%(schedule)s, %(key)s, %(run)s, now())
    ON CONFLICT DO NOTHING RETURNING run_id
)
SELECT run_id FROM reserved
UNION ALL SELECT run_id FROM trigger_keys WHERE schedule_id = %(schedule)s AND key = %(key)s
LIMIT 1
"""


def reserve_trigger_key(connection: sa.Connection, schedule: UUID, key: str, run: UUID) -> UUID:
    """The run of this idempotency key: `run` if the key is new, else the run it triggered first.

    The schedule's row must be locked, so that two requests with one key come one after the other.
    """
    parameters = {"schedule": schedule, "key": key, "run": run}
    winner: UUID = connection.exec_driver_sql(_RESERVE_KEY, parameters).scalar_one()
    return winner


class StoredRun(RunColumns):
    """A run as its row is, with the output and the traceback of its latest attempt. Not validated on its way out."""

    output: str | None
    output_truncated: bool
    error_traceback: str | None

    @classmethod
    def of(cls, row: sa.Row[Any]) -> "StoredRun":
        """From a row of `_WITH_OUTPUT`."""
        return cls.model_construct(**row._mapping)


class SlotRun(StoredRun):
    """The row of a slot, or of a range of skipped ones."""

    slot_at: datetime


# Lateral, so that outputs are looked up for the rows of the page alone, whatever the planner makes of their number.
_WITH_OUTPUT = """
SELECT r.*, o.output, coalesce(o.output_truncated, false) AS output_truncated, o.error_traceback
FROM {runs} r LEFT JOIN LATERAL (
    SELECT * FROM run_outputs WHERE run_id = r.id AND attempt = r.attempt LIMIT 1
) o ON true
"""

_GET = f"{_WITH_OUTPUT.format(runs='runs')} WHERE r.id = %(id)s"


def get_run(connection: sa.Connection, run: UUID) -> StoredRun | None:
    """The run; None if there is none of that id."""
    row = connection.exec_driver_sql(_GET, {"id": run}).one_or_none()
    return None if row is None else StoredRun.of(row)


def get_slot_run(connection: sa.Connection, run: UUID) -> SlotRun | None:
    """The run of a slot, or the record of skipped ones; None if there is none of that id."""
    row = connection.exec_driver_sql(_GET, {"id": run}).one_or_none()
    return None if row is None else SlotRun.model_construct(**row._mapping)


_FILTERS = {
    "before": "id < %(before)s",
    "since": "id >= %(since)s",
    "until": "id < %(until)s",
    "schedule_id": "schedule_id = %(schedule_id)s",
    "schedule_name": "schedule_name = %(schedule_name)s",
    "actor": "actor = %(actor)s",
    "states": "state = ANY(%(states)s)",
    "trigger": "trigger = %(trigger)s",
    "error": "strpos(lower(coalesce(error_type, '') || ': ' || coalesce(error_message, '')), lower(%(error)s)) > 0",
    "q": "strpos(lower(coalesce(schedule_name, '') || ' ' || actor), lower(%(q)s)) > 0",
}


def list_runs(connection: sa.Connection, limit: int, filters: Mapping[str, Any]) -> list[StoredRun]:
    """Runs, newest id first.

    Filters, each where it is not None: `before`, `since` and `until` are bounds on the id; `schedule_id` or
    `schedule_name`, `actor`, `states`, `trigger`; `error` and `q` are parts of the error, and of schedule or actor.
    """
    given = {name: value for name, value in filters.items() if value is not None}
    where = f"WHERE {' AND '.join(_FILTERS[name] for name in given)}" if given else ""
    page = f"SELECT * FROM runs {where} ORDER BY id DESC LIMIT %(limit)s"
    statement = f"WITH page AS ({page}) {_WITH_OUTPUT.format(runs='page')} ORDER BY r.id DESC"
    return [StoredRun.of(row) for row in connection.exec_driver_sql(statement, {**given, "limit": limit})]


_SCHEDULE_ID = "SELECT id FROM schedules WHERE name = %(name)s"


def find_schedule_id(connection: sa.Connection, name: str) -> UUID | None:
    """The id of the schedule of that name, by which its runs are indexed."""
    found: UUID | None = connection.exec_driver_sql(_SCHEDULE_ID, {"name": name}).scalar_one_or_none()
    return found


_OUTPUT = """
SELECT o.output FROM runs r
LEFT JOIN run_outputs o ON o.run_id = r.id AND o.attempt = coalesce(%(attempt)s, r.attempt)
WHERE r.id = %(id)s
"""


def get_output(connection: sa.Connection, run: UUID, attempt: int | None = None) -> str | None:
    """What an attempt of the run printed, the latest unless given; None if there is no such run."""
    found = connection.exec_driver_sql(_OUTPUT, {"id": run, "attempt": attempt}).one_or_none()
    return None if found is None else found.output or ""
