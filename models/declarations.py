"""Schedules that actors declare in code: announced with their actors, applied by the scheduling process."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from models.bounds import MAX_INT, MAX_RETRIES, MONTH, TEN_YEARS, WEEK
from models.liveness import ANNOUNCED, LIVE, LIVE_SECONDS
from models.states import Catchup, Overlap


class CodeSchedule(BaseModel):
    """A declaration. Its policies are those of a schedule, with the same defaults."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_enum_values=True)

    name: str
    actor: str
    cron: list[str]
    description: str = ""
    args: dict[str, Any] = {}
    queue: str | None = None
    priority: int = Field(default=5, ge=0, le=9)
    timezone: str = "UTC"
    max_runs: int | None = Field(default=None, ge=1, le=MAX_INT)
    jitter_seconds: float = Field(default=0, ge=0, le=WEEK)
    overlap: Overlap = Overlap.SKIP
    catchup: Catchup = Catchup.LATEST
    catchup_window_seconds: float = Field(default=86400, ge=0, le=TEN_YEARS)
    max_retries: int | None = Field(default=None, ge=0, le=MAX_RETRIES)
    min_backoff_seconds: float | None = Field(default=None, ge=0, le=MONTH)
    max_backoff_seconds: float | None = Field(default=None, ge=0, le=MONTH)
    time_limit_seconds: float | None = Field(default=None, gt=0, le=MONTH)
    start_deadline_seconds: float | None = Field(default=None, gt=0, le=TEN_YEARS)
    pause_after_failures: int | None = Field(default=None, ge=1, le=MAX_INT)
    tags: list[str] = []


_DECLARED = f"""
SELECT a.options->'schedule' FROM actors a WHERE a.options->'schedule' IS NOT NULL AND {ANNOUNCED} ORDER BY a.name
"""


def list_declared_schedules(connection: sa.Connection) -> dict[str, CodeSchedule | None]:
    """What live workers declare now, by name; none where another version's worker declares what can't be read."""
    return {row["name"]: _read(row) for row in connection.exec_driver_sql(_DECLARED).scalars()}


def _read(row: dict[str, Any]) -> CodeSchedule | None:
    known = CodeSchedule.model_fields  # a newer worker may declare more than this process knows
    try:
        return CodeSchedule(**{key: value for key, value in row.items() if key in known})
    except ValidationError:
        return None


# A union, so that each half has its index.
_CODE_SCHEDULES = """
SELECT * FROM schedules WHERE source = 'code'
UNION ALL SELECT * FROM schedules WHERE source <> 'code' AND name = ANY(%(names)s)
"""


def list_code_schedules(connection: sa.Connection, names: list[str]) -> dict[str, sa.Row[Any]]:
    """By name: the schedules that came from code, and whatever else has one of these names."""
    return {row.name: row for row in connection.exec_driver_sql(_CODE_SCHEDULES, {"names": names})}


_MARK_ANNOUNCED = """
UPDATE schedules SET announced_at = now()
WHERE source = 'code' AND name = ANY(%(names)s)
  AND (announced_at IS NULL OR announced_at < now() - interval '30 s')
"""


def mark_announced(connection: sa.Connection, names: list[str]) -> None:
    """Note that these schedules are still declared."""
    connection.exec_driver_sql(_MARK_ANNOUNCED, {"names": names})


# While no worker is there to announce anything, nothing is forgotten.
_FORGOTTEN = f"""
SELECT s.id, s.name FROM schedules s
WHERE s.source = 'code' AND s.announced_at < now() - make_interval(secs => %(after)s)
  AND EXISTS (SELECT FROM workers w WHERE {LIVE}
              AND w.started_at < now() - make_interval(secs => {LIVE_SECONDS}))
"""


def list_forgotten_schedules(connection: sa.Connection, after_seconds: float) -> list[tuple[UUID, str]]:
    """Schedules of code (id, name) that no worker has declared for so long, though workers were there."""
    rows = connection.exec_driver_sql(_FORGOTTEN, {"after": after_seconds})
    return [(row.id, row.name) for row in rows]
