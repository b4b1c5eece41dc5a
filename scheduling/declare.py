"""Schedules declared in code: stored, changed and removed as workers announce them.

The declaration decides the definition; what an operator has paused stays paused. A changed declaration loses no slot:
what is due is decided by the old one first. A schedule that is no longer declared goes after a while, never at once:
during a rolling deploy old workers and new ones announce side by side.
"""

from datetime import datetime
from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa
import structlog

from models.clock import read_clock
from models.declarations import (
    CodeSchedule,
    list_code_schedules,
    list_declared_schedules,
    list_forgotten_schedules,
    mark_announced,
)
from models.schedules import delete_schedule, insert_schedule, lock_schedule, update_schedule
from models.tables.schedule import Schedule
from scheduling.plan import plan_schedules
from scheduling.slots.due import next_due

log = structlog.get_logger("scheduling")


def apply_declared_schedules(connection: sa.Connection, forget_after_seconds: float) -> None:
    """Bring the schedules of code to what live workers declare, in the caller's transaction."""
    declared = list_declared_schedules(connection)
    stored = list_code_schedules(connection, list(declared))
    for name, each in declared.items():
        row = stored.get(name)
        if each is None:
            log.error("schedule-refused", schedule=name)
        elif row is None:
            _add(connection, each)
        elif row.source == "code" and _differs(row, each):
            _change(connection, each)
    mark_announced(connection, list(declared))
    for schedule, name in list_forgotten_schedules(connection, forget_after_seconds):
        row = lock_schedule(connection, name)
        if row is not None and row.id == schedule:
            plan_schedules(connection, [row], read_clock(connection))
            delete_schedule(connection, schedule)
            log.info("forget", schedule=name)


def _add(connection: sa.Connection, declared: CodeSchedule) -> None:
    now = read_clock(connection)
    schedule = Schedule(**declared.model_dump(), source="code", created_at=now, updated_at=now, cursor_at=now)
    schedule.next_due_at = _next_due(schedule, now)
    if insert_schedule(connection, schedule.model_dump()):
        log.info("declare", schedule=declared.name)


def _change(connection: sa.Connection, declared: CodeSchedule) -> None:
    row = lock_schedule(connection, declared.name)
    if row is None or row.source != "code":
        return
    now = read_clock(connection)
    plan_schedules(connection, [row], now)
    row = lock_schedule(connection, declared.name)
    assert row is not None, "locked"
    columns: dict[str, Any] = {**row._mapping, **declared.model_dump()}
    columns["next_due_at"] = _next_due(SimpleNamespace(**columns), now)
    update_schedule(connection, columns)
    log.info("declare", schedule=declared.name)


def _next_due(schedule: Any, now: datetime) -> datetime | None:
    """When it is due next; at once where its spec is wrong, so that planning sets it aside with the error."""
    try:
        return next_due(schedule, now)
    except ValueError:
        return now


def _differs(row: Any, declared: CodeSchedule) -> bool:
    return any(getattr(row, name) != value for name, value in declared.model_dump().items())
