"""What the database holds between two steps."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg

_SCHEDULES = "SELECT id, name, cursor_at, next_due_at, paused_at, paused_until, slots_run, error FROM schedules"
_RUNS = """
SELECT id, schedule_id, trigger, slot_at, slot_until, slots, due_at, state, reason, planned_at,
    cancel_requested_at IS NOT NULL AS asked_to_cancel FROM runs
"""
_CLEAN = tuple(f"DELETE FROM {table}" for table in ("schedules", "runs", "schedule_versions", "deleted_schedules"))


@dataclass(frozen=True)
class Snapshot:
    """All schedules and all runs, by id."""

    schedules: dict[UUID, Any]
    runs: dict[UUID, Any]

    def named(self, name: str) -> Any | None:
        return next((row for row in self.schedules.values() if row.name == name), None)

    def runs_of(self, schedule: UUID) -> list[Any]:
        return [row for row in self.runs.values() if row.schedule_id == schedule]

    def active(self, schedule: UUID, now: datetime) -> set[UUID]:
        """Runs that are planned and due, queued, running or retrying."""
        return {row.id for row in self.runs_of(schedule) if is_active(row, now)}


def is_active(row: Any, now: datetime) -> bool:
    return row.state in ("queued", "running", "retrying") or (row.state == "planned" and row.due_at <= now)


def take_snapshot(connection: psycopg.Connection[Any]) -> Snapshot:
    schedules = connection.execute(_SCHEDULES)
    runs = connection.execute(_RUNS)
    return Snapshot({row.id: row for row in schedules}, {row.id: row for row in runs})


def clean(connection: psycopg.Connection[Any]) -> None:
    for statement in _CLEAN:
        connection.execute(statement)
