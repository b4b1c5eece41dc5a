"""What clients send, by the names of the models."""

from typing import Any

SCHEDULE = {
    "description": "Whether the page answers, during office hours.",
    "actor": "http_request",
    "args": {"url": "https://example.com/"},
    "cron": "*/5 8-18 * * 1-5",
    "timezone": "Europe/Berlin",
    "jitter_seconds": 30,
    "overlap": "skip",
    "catchup": "latest",
    "max_retries": 2,
    "tags": ["web"],
}
NEW_SCHEDULE = {"name": "status-page", **SCHEDULE}
CLOCK_CHANGE = {"cron": "30 2 * * *", "timezone": "Europe/Berlin", "count": 3, "after": "2026-10-23T12:00:00Z"}
"""Three nights, of which one has 02:30 twice."""

BODIES: dict[str, Any] = {
    "NewSchedule": NEW_SCHEDULE,
    "ScheduleBody": SCHEDULE,
    "SchedulePatch": {"cron": "*/10 8-18 * * 1-5", "args": {"timeout_seconds": 10}, "max_retries": None},
    "TriggerBody": {"args": {"url": "https://example.com/?fresh"}, "overlap": "allow"},
    "PauseBody": {"reason": "the site is moving"},
    "QueuePauseBody": {"reason": "the mail server is moving"},
    "ScheduleBulkBody": {"filter": {"tag": "web"}, "action": "pause", "reason": "the site is moving", "dry_run": True},
    "RunBulkBody": {"filter": {"schedule": "status-page", "state": ["failed"]}, "dry_run": True},
    "Nothing": {},
    "SpecBody": CLOCK_CHANGE,
}
