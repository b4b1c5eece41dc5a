"""The policies of a schedule, each with a word what it means."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from api.dashboard.frame.meanings import meaning_of
from api.shapes.schedule_json import ScheduleJson
from api.shapes.spans import say_span

_FIELDS = (
    "queue", "priority", "starts_at", "ends_at", "max_runs", "jitter_seconds", "overlap", "catchup",
    "catchup_window_seconds", "max_retries", "min_backoff_seconds", "max_backoff_seconds", "time_limit_seconds",
    "start_deadline_seconds", "pause_after_failures", "notify_late_seconds",
)  # fmt: skip
_UNSET = {"queue": "the actor's"}
_SHOWN_WITHOUT = ("queue", "start_deadline_seconds", "pause_after_failures")
"""Said also where nothing is set."""


class Policy(NamedTuple):
    """One of them: its name in words, its value, and what that means."""

    name: str
    value: str
    meaning: str
    at: datetime | None = None
    """Of one that is an instant."""


def policies_of(schedule: ScheduleJson) -> Iterator[Policy]:
    """Those that hold."""
    for field in _FIELDS:
        value = getattr(schedule, field)
        if value is None and field not in _SHOWN_WITHOUT:
            continue
        at = value if isinstance(value, datetime) else None
        yield Policy(field.replace("_", " ").capitalize(), _said(field, value), meaning_of(field, value), at)


def _said(field: str, value: Any) -> str:
    if value is None:
        return _UNSET.get(field, "none")
    return say_span(value) if field.endswith("_seconds") and value else str(value)
