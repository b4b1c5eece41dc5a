"""Schedules and what is to come of them, as the API shows them, by the names of the models."""

from typing import Any

from api.web.examples.bodies import NEW_SCHEDULE
from models.definition import DEFAULT_POLICIES, Definition

SCHEDULE_ID = "5b0c6a52-8d1f-4c5e-9a37-2f4e1d7c9b60"
POLICIES = DEFAULT_POLICIES | {"max_retries": 2}
LAST_RUN = {
    "id": "01a207a6-c660-8f1f-9c0a-c2aaa2c2e363",
    "state": "succeeded",
    "due_at": "2026-11-23T09:05:19.408115Z",
    "started_at": "2026-11-23T09:05:19.431270Z",
    "finished_at": "2026-11-23T09:05:19.748042Z",
}

_DEFINITION = Definition.model_validate({name: value for name, value in NEW_SCHEDULE.items() if name != "name"})

NEW = {
    "id": SCHEDULE_ID,
    **_DEFINITION.model_dump(mode="json"),
    **NEW_SCHEDULE,
    **POLICIES,
    "source": "api",
    "declared_by": None,
    "version": 1,
    "created_at": "2026-11-20T16:58:41.207315Z",
    "updated_at": "2026-11-20T16:58:41.207315Z",
    "paused_at": None,
    "paused_until": None,
    "pause_reason": None,
    "paused_by": None,
    "cursor_at": "2026-11-20T16:58:41.207315Z",
    "next_due_at": "2026-11-20T17:00:00Z",
    "error": None,
    "held_back": None,
    "slots_run": 0,
    "consecutive_failures": 0,
    "last_run": None,
    "warnings": [],
}
SCHEDULE = NEW | {
    "version": 3,
    "updated_at": "2026-11-23T08:41:09.518840Z",
    "cursor_at": "2026-11-23T09:05:00Z",
    "next_due_at": "2026-11-23T09:10:00Z",
    "slots_run": 33,
    "last_run": LAST_RUN,
}
PAUSED = SCHEDULE | {
    "paused_at": "2026-11-23T09:06:30.118204Z",
    "pause_reason": "the site is moving",
    "paused_by": "admin",
    "next_due_at": None,
}

SCHEDULES: dict[str, Any] = {
    "ScheduleJson": SCHEDULE,
    "SchedulePage": {"items": [SCHEDULE], "next": "status-page"},
    "UpcomingPage": {
        "items": [
            {
                "slot_at": "2026-11-23T09:10:00Z",
                "local": "2026-11-23T10:10:00+01:00",
                "remark": None,
                "due_at": "2026-11-23T09:10:16.389043Z",
            },
            {
                "slot_at": "2026-11-23T09:15:00Z",
                "local": "2026-11-23T10:15:00+01:00",
                "remark": None,
                "due_at": "2026-11-23T09:15:25.353126Z",
            },
        ],
        "next": None,
    },
    "PreviewJson": {
        "slots": [
            {"slot_at": "2026-10-24T00:30:00Z", "local": "2026-10-24T02:30:00+02:00", "remark": None},
            {
                "slot_at": "2026-10-25T00:30:00Z",
                "local": "2026-10-25T02:30:00+02:00",
                "remark": "repeated: 02:30 comes twice, this is the first pass",
            },
            {"slot_at": "2026-10-26T01:30:00Z", "local": "2026-10-26T02:30:00+01:00", "remark": None},
        ],
        "words": "At 02:30",
        "warnings": [],
    },
}
