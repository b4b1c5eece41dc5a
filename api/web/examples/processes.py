"""Actors, workers, queues and health, as the API shows them, by the names of the models."""

from typing import Any

from api.web.examples.runs import WORKER_ID

QUEUE = {
    "name": "default",
    "paused": False,
    "paused_at": None,
    "pause_reason": None,
    "paused_by": None,
    "planned": 0,
    "queued": 3,
    "running": 8,
    "threads": 8,
    "oldest_waiting_seconds": 0.713042,
    "waiting_for": "busy",
    "because": "the broker has it, and all 8 threads of its workers are busy",
    "dead_letters": 1,
}
DEAD_LETTER = {
    "at": "2026-11-23T08:57:40.663019Z",
    "reason": "not_json",
    "because": "it is no JSON: Expecting value at character 0",
    "bytes": 212,
    "worker_id": WORKER_ID,
}
DEAD_LETTERS = {"dead_letters": 1, "counted_at": "2026-11-23T09:05:08.201377Z", "latest": [DEAD_LETTER]}
PAUSED_QUEUE = QUEUE | {
    "paused": True,
    "paused_at": "2026-11-23T09:06:30.118204Z",
    "pause_reason": "the mail server is moving",
    "paused_by": "admin",
    "waiting_for": "queue",
    "because": "the queue is paused by admin until it is resumed: the mail server is moving",
}
READY = {
    "status": "ok",
    "database": True,
    "migrations": True,
    "last_tick_age_seconds": 0.412903,
    "oldest_due_run_seconds": None,
    "oldest_due_schedule_seconds": None,
    "workers": 2,
    "broker": True,
    "problems": [],
}
UNREADY = READY | {
    "status": "unavailable",
    "last_tick_age_seconds": 94.203117,
    "oldest_due_run_seconds": 93.5,
    "oldest_due_schedule_seconds": 94.1,
    "problems": ["no scheduling process has done its round for 94 seconds"],
}

SECRETS = {
    "items": [
        {"name": "CRM_KEY", "workers": 2, "allow": ["http_request https://crm.example.com/*", "sync_*"]},
        {"name": "MAIL_PASSWORD", "workers": 2, "allow": None},
    ]
}

_LOG_MESSAGE = {
    "name": "log_message",
    "queue": "default",
    "doc": "Write a line to the worker's log, and to the run's output.",
    "parameters": {
        "type": "object",
        "properties": {
            "message": {"title": "Message", "type": "string"},
            "level": {
                "title": "Level",
                "type": "string",
                "enum": ["debug", "info", "warning", "error"],
                "default": "info",
            },
        },
        "required": ["message"],
        "additionalProperties": False,
    },
    "options": {"max_retries": 2},
    "declaration_error": None,
    "announced_by": WORKER_ID,
    "announced_at": "2026-11-23T09:04:51.330286Z",
    "live": True,
}
_WORKER = {
    "id": WORKER_ID,
    "host": "worker-1",
    "pid": 4711,
    "queues": ["default", "mail"],
    "threads": 8,
    "version": "0.1.0",
    "release": "v42",
    "started_at": "2026-11-23T06:00:12.481977Z",
    "last_seen_at": "2026-11-23T09:05:17.902365Z",
    "running": 8,
    "drain_requested_at": None,
    "drained_at": None,
    "stuck_threads": 0,
    "live": True,
}

HOLD = {
    "held": True,
    "held_at": "2026-11-23T09:00:00Z",
    "until": "2026-11-23T10:00:00Z",
    "reason": "a new disk for the database",
    "held_by": "ann",
    "running": 3,
}

PROCESSES: dict[str, Any] = {
    "ActorPage": {"items": [_LOG_MESSAGE], "next": None},
    "WorkerPage": {"items": [_WORKER], "next": None},
    "WorkerList": {"items": [_WORKER | {"drain_requested_at": "2026-11-23T09:05:20.118273Z"}]},
    "QueueJson": QUEUE,
    "DeadLettersJson": DEAD_LETTERS,
    "QueuePage": {"items": [QUEUE], "next": None},
    "HoldBody": {"reason": HOLD["reason"]},
    "HoldJson": HOLD,
    "LiveJson": {"status": "ok"},
    "ReadyJson": READY,
}

METRICS = """\
# HELP callsheet_workers Worker processes that report.
# TYPE callsheet_workers gauge
callsheet_workers 2
# HELP callsheet_published_total Runs that were sent to the broker: confirmed by it, unconfirmed, or republished as \
their message was gone.
# TYPE callsheet_published_total counter
callsheet_published_total{outcome="confirmed"} 48213
"""
