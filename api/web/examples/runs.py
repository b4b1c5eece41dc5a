"""Runs, slots and why they ran, as the API shows them, by the names of the models."""

from typing import Any

from api.web.examples.bodies import NEW_SCHEDULE
from api.web.examples.schedules import LAST_RUN, POLICIES, SCHEDULE_ID

OUTPUT = "<!doctype html>\n<title>Example Domain</title>\n<h1>Example Domain</h1>\n"


WORKER_ID = "0c9d2a1e-73b4-4f60-8a55-d1e6b7f20c34"
SLOT_AT = "2026-11-23T09:05:00Z"
FIRST_DUE_AT = "2026-11-23T09:05:01.772168Z"

_FIRST_ATTEMPT = {
    "number": 1,
    "worker": WORKER_ID,
    "started_at": "2026-11-23T09:05:01.795034Z",
    "finished_at": "2026-11-23T09:05:02.104519Z",
    "outcome": "failed",
    "error": {"type": "UnexpectedStatus", "message": "the status is 502, expected was 2xx", "traceback": None},
    "backoff_seconds": 17.303596,
}
_SECOND_ATTEMPT = {
    "number": 2,
    "worker": WORKER_ID,
    "started_at": LAST_RUN["started_at"],
    "finished_at": LAST_RUN["finished_at"],
    "outcome": "succeeded",
    "error": None,
    "backoff_seconds": None,
}
PLANNED = {
    "id": "01a207a8-ca00-8592-a080-c7ff1223d64f",
    "schedule": NEW_SCHEDULE["name"],
    "schedule_id": SCHEDULE_ID,
    "schedule_version": 3,
    "actor": NEW_SCHEDULE["actor"],
    "queue": "default",
    "priority": 5,
    "args": NEW_SCHEDULE["args"],
    "trigger": "manual",
    "slot_at": None,
    "slot_until": None,
    "slots": 1,
    "previous_slot_at": None,
    "next_slot_at": None,
    "due_at": "2026-11-23T09:07:12.064980Z",
    "waiting_for": None,
    "state": "planned",
    "reason": None,
    "attempt": 0,
    **POLICIES,
    "worker_id": None,
    "lease_until": None,
    "cancel_requested_at": None,
    "planned_at": "2026-11-23T09:07:12.064980Z",
    "queued_at": None,
    "started_at": None,
    "finished_at": None,
    "lateness_seconds": None,
    "duration_seconds": None,
    "result": None,
    "progress": None,
    "checkpoint": None,
    "error": None,
    "output": None,
    "output_truncated": False,
    "attempts": [],
    "parent_run_id": None,
    "created_by": "admin",
    "trace": "00-01a207a8ca008592a080c7ff1223d64f-a080c7ff1223d64f-01",
}
CANCELLED = PLANNED | {
    "state": "cancelled",
    "cancel_requested_at": "2026-11-23T09:07:12.930417Z",
    "finished_at": "2026-11-23T09:07:12.930417Z",
}
SUCCEEDED = PLANNED | {
    **LAST_RUN,
    "trigger": "schedule",
    "slot_at": SLOT_AT,
    "previous_slot_at": "2026-11-23T09:00:00Z",
    "next_slot_at": "2026-11-23T09:10:00Z",
    "attempt": 2,
    "worker_id": WORKER_ID,
    "planned_at": "2026-11-23T09:05:00.006291Z",
    "queued_at": "2026-11-23T09:05:19.414702Z",
    "lateness_seconds": 0.023155,
    "duration_seconds": 0.316772,
    "result": {"status": 200, "headers": {"content-type": "text/html"}, "elapsed_seconds": 0.298114},
    "output": OUTPUT,
    "attempts": [_FIRST_ATTEMPT, _SECOND_ATTEMPT],
    "created_by": None,
    "trace": "00-01a207a6c6608f1f9c0ac2aaa2c2e363-9c0ac2aaa2c2e363-01",
}
RETRIED = PLANNED | {"slot_at": SLOT_AT, "parent_run_id": SUCCEEDED["id"]}

_DECIDED = {
    "slot_at": SLOT_AT,
    "slot_until": None,
    "slots": 1,
    "run_id": SUCCEEDED["id"],
    "state": "succeeded",
    "reason": None,
    "due_at": SUCCEEDED["due_at"],
    "started_at": SUCCEEDED["started_at"],
    "finished_at": SUCCEEDED["finished_at"],
    "lateness_seconds": SUCCEEDED["lateness_seconds"],
    "waiting_for": None,
}
_SKIPPED = _DECIDED | {
    "slot_at": "2026-11-23T08:20:00Z",
    "slot_until": "2026-11-23T08:40:00Z",
    "slots": 5,
    "run_id": "01a2077d-9080-8c16-b04e-7a9d35e8f021",
    "state": "skipped",
    "reason": "paused",
    "due_at": "2026-11-23T08:20:00Z",
    "started_at": None,
    "finished_at": "2026-11-23T08:41:09.518840Z",
    "lateness_seconds": None,
}
_FACTS = {
    "slot_at": SLOT_AT,
    "due_at": FIRST_DUE_AT,
    "decided_at": SUCCEEDED["planned_at"],
    "deadline_at": None,
    "jitter_seconds": 1.772168,
    "lateness_seconds": 0.022866,
    "previous_slot_at": None,
    "created_at": None,
    "updated_at": None,
    "version": None,
    "declared_by": None,
    "last_round_at": None,
    "scheduling_gaps": [],
    "other_run": None,
    "pause": None,
    "queue_pause": None,
}
_BECAUSE = (
    "It ran on time: due at 2026-11-23T09:05:01Z, 1.8 seconds after its slot by its jitter, it started 0 seconds"
    " later, and succeeded at attempt 2."
)

_COMING = {
    "slot_at": "2026-11-23T09:10:00Z",
    "local": "2026-11-23T10:10:00+01:00",
    "remark": None,
    "due_at": "2026-11-23T09:10:01.772168Z",
    "schedule": NEW_SCHEDULE["name"],
    "actor": NEW_SCHEDULE["actor"],
    "queue": None,
    "timezone": "Europe/Berlin",
    "tags": ["web"],
}

_FAILURE = {
    "fingerprint": "5d0c3f8e7a91b24660d1c7e59f3a8b02",
    "actor": NEW_SCHEDULE["actor"],
    "error_type": "UnexpectedStatus",
    "message": "the status is #, expected was #xx",
    "first_at": "2026-11-21T07:10:02.330164Z",
    "last_at": "2026-11-23T08:55:02.104519Z",
    "count": 41,
    "streak": 3,
    "schedules": [NEW_SCHEDULE["name"]],
    "example_run_id": "01a207a2-3f60-8c1e-9b55-2f4d7c6a8e10",
}

_VERIFIED = {
    "since": "2026-11-22T09:06:00Z",
    "until": "2026-11-23T09:06:00Z",
    "whole_since": "2026-10-24T10:06:00Z",
    "schedules": 12,
    "slots": 3460,
    "accounted": 3459,
    "undecided": 0,
    "unaccounted": [
        {
            "schedule": NEW_SCHEDULE["name"],
            "slot_at": "2026-11-23T08:10:00Z",
            "problem": "missing",
            "slot_until": None,
            "schedule_id": SCHEDULE_ID,
            "version": 1,
            "runs": [],
            "detail": None,
        }
    ],
    "truncated": False,
    "next": None,
}

RUNS: dict[str, Any] = {
    "FailurePage": {"items": [_FAILURE], "next": None},
    "VerifyJson": _VERIFIED,
    "RunJson": SUCCEEDED,
    "ComingPage": {"items": [_COMING], "next": f"{_COMING['slot_at']}~{_COMING['schedule']}"},
    "RunBulkJson": {"matched": 2, "changed": 0, "ids": [SUCCEEDED["id"], PLANNED["id"]]},
    "ScheduleBulkJson": {"matched": 1, "changed": 0, "names": [NEW_SCHEDULE["name"]], "refused": []},
    "RunPage": {"items": [SUCCEEDED | {"cut": []}], "next": SUCCEEDED["id"], "looked_to": None},
    "DecidedSlotPage": {"items": [_DECIDED, _SKIPPED], "next": None},
    "ExplanationJson": {
        "at": SLOT_AT,
        "is_slot": True,
        "outcome": "ran",
        "because": _BECAUSE,
        "facts": _FACTS,
        "run": SUCCEEDED,
        "next_slots": [f"2026-11-23T09:{minute}:00Z" for minute in range(10, 31, 5)],
    },
}
