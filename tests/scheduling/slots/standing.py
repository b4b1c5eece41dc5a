"""Schedules as their rows stand, as far as it matters for what is to come."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from models.schedules import StoredSchedule

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


def schedule(since: datetime = NOON, **fields: Any) -> StoredSchedule:
    """One whose slots up to `since` are decided."""
    stood: dict[str, Any] = {
        "id": UUID(int=1), "name": "x", "cron": None, "every_seconds": None, "at": None, "timezone": "UTC",
        "starts_at": None, "ends_at": None, "max_runs": None, "slots_run": 0, "paused_at": None, "paused_until": None,
        "cursor_at": since, "error": None,
    }  # fmt: skip
    return StoredSchedule.model_construct(**stood | fields)
