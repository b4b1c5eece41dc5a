"""Schedules as the API shows them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from pydantic import BaseModel

from api.v1.schedule_rules import DEFAULT_POLICIES, effective_policy
from api.web.fields import Moment
from models.schedules import last_runs
from models.states import Catchup, Overlap, State
from scheduling.slots.due import spec_of
from scheduling.slots.spec import next_slot


class LastRun(BaseModel):
    """The newest run of a schedule that was not skipped."""

    id: UUID
    state: State
    due_at: Moment
    started_at: Moment | None
    finished_at: Moment | None


class ScheduleJson(BaseModel):
    """A schedule. The retry and time policies are those that hold, be they its own, the actor's or the defaults."""

    id: UUID
    name: str
    description: str
    actor: str
    args: dict[str, Any]
    queue: str | None
    priority: int
    cron: str | list[str] | None
    every_seconds: float | None
    at: Moment | None
    timezone: str
    starts_at: Moment | None
    ends_at: Moment | None
    max_runs: int | None
    jitter_seconds: float
    overlap: Overlap
    catchup: Catchup
    catchup_window_seconds: float
    max_retries: int
    min_backoff_seconds: float
    max_backoff_seconds: float
    time_limit_seconds: float
    start_deadline_seconds: float | None
    pause_after_failures: int | None
    tags: list[str]
    source: str
    version: int
    created_at: Moment
    updated_at: Moment
    paused_at: Moment | None
    paused_until: Moment | None
    pause_reason: str | None
    paused_by: str | None
    cursor_at: Moment
    next_due_at: Moment | None
    error: str | None
    slots_run: int
    consecutive_failures: int
    last_run: LastRun | None
    warnings: list[str]


class SchedulePage(BaseModel):
    """Schedules by name."""

    items: list[ScheduleJson]
    next: str | None


def show_schedules(connection: sa.Connection, rows: Sequence[sa.Row[Any]]) -> list[ScheduleJson]:
    """The rows of `models.schedules` as JSON, each with its last run."""
    latest = last_runs(connection, [row.id for row in rows])
    return [_show(row, latest.get(row.id)) for row in rows]


def entity_tag(row: sa.Row[Any]) -> str:
    """The ETag of a definition. The id is in it, as a deleted name may come again with the same version."""
    return f'"{row.id.hex[:12]}-{row.version}"'


def _show(row: sa.Row[Any], last_run: sa.Row[Any] | None) -> ScheduleJson:
    columns = dict(row._mapping)
    for name in DEFAULT_POLICIES:
        columns[name] = effective_policy(name, columns[name], row.actor_options)
    columns["cron"] = row.cron[0] if row.cron and len(row.cron) == 1 else row.cron
    columns["next_due_at"] = _next_slot(row)
    columns["last_run"] = LastRun(**last_run._mapping) if last_run else None
    columns["warnings"] = list(_warnings(row))
    return ScheduleJson(**columns)


def _next_slot(row: sa.Row[Any]) -> datetime | None:
    """The slot that is due next by itself; while paused, the first after the end of the pause."""
    if row.error is not None:
        return None
    if row.paused_until is None:
        due: datetime | None = row.next_due_at
        return due
    try:
        return next_slot(spec_of(row), row.paused_until)
    except (ValueError, OverflowError):
        return None


def _warnings(row: sa.Row[Any]) -> list[str]:
    found = []
    if not row.actor_announced:
        found.append(f"no worker has announced the actor {row.actor!r}; its runs wait until one does")
    has_spec = row.cron or row.every_seconds or row.at
    if has_spec and row.paused_at is None and row.error is None and row.next_due_at is None:
        found.append("no slot is left: it will only run when triggered")
    return found
