"""The policies of a schedule, each with a word what it means."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from api.shapes.schedule_json import ScheduleJson
from api.shapes.spans import say_span
from models.definition import Definition

OVERLAPS = {
    "skip": "a slot is skipped while an earlier run is active",
    "buffer_one": "one slot waits while an earlier run is active, further ones are skipped",
    "buffer_all": "slots wait while an earlier run is active",
    "cancel_other": "a slot cancels what is active, and starts when that is gone",
    "allow": "runs go on beside each other",
}
CATCHUPS = {
    "latest": "of the slots that passed while nobody planned the newest runs",
    "earliest": "of the slots that passed while nobody planned the oldest runs",
    "all": "the slots that passed while nobody planned run, the newest 100 at most",
    "none": "slots that passed while nobody planned are missed",
}

_MEANINGS = {
    "queue": "where its runs wait",
    "priority": "0 to 9; 9 goes first",
    "starts_at": "no slot before",
    "ends_at": "no slot after",
    "max_runs": "so many slots run; skipped ones and runs by hand don't count",
    "jitter_seconds": "runs are due up to this long after their slots",
    "catchup_window_seconds": "older slots are missed, whatever the policy is",
    "max_retries": "further attempts after one that failed, was lost or ran out of time",
    "min_backoff_seconds": "the wait before the first retry; it doubles with each",
    "max_backoff_seconds": "the longest wait before a retry",
    "time_limit_seconds": "of an attempt",
    "start_deadline_seconds": "a run that has not started this long after it is due is skipped",
    "pause_after_failures": "it is paused after so many failed runs in a row",
    "notify_late_seconds": "a run that starts this long after it is due is late",
}
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
    """Those that hold, in the order of a definition."""
    for field in Definition.model_fields:
        if field not in _MEANINGS and field not in ("overlap", "catchup"):
            continue
        value = getattr(schedule, field)
        if value is None and field not in _SHOWN_WITHOUT:
            continue
        at = value if isinstance(value, datetime) else None
        yield Policy(field.replace("_", " ").capitalize(), _said(field, value), _meaning(field, value), at)


def _said(field: str, value: Any) -> str:
    if value is None:
        return _UNSET.get(field, "none")
    return say_span(value) if field.endswith("_seconds") and value else str(value)


def _meaning(field: str, value: Any) -> str:
    words = {"overlap": OVERLAPS, "catchup": CATCHUPS}.get(field)
    return _MEANINGS[field] if words is None else words.get(str(value), "")
