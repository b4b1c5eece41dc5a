"""Channels and deliveries, by the names of the models."""

from typing import Any

from api.web.examples.runs import SUCCEEDED

_EVENTS = ["failed", "recovered", "late"]
_BODY: dict[str, Any] = {
    "description": "who is on call",
    "kind": "slack",
    "url": "${secret:SLACK_OPS_URL}",
    "events": _EVENTS,
    "filter": {"prefix": "crm-"},
    "after_failures": 2,
    "quiet_seconds": 3600,
}
CHANNEL: dict[str, Any] = {
    "name": "ops",
    **_BODY,
    "to": None,
    "secret": None,
    "filter": {"prefix": "crm-", "tags": [], "schedules": []},
    "slow_factor": 3,
    "source": "api",
    "version": 1,
    "created_at": "2026-11-20T08:00:00Z",
    "updated_at": "2026-11-20T08:00:00Z",
    "updated_by": "admin",
}
_TOLD = ("name", "kind", "description", "url", "to", "events", "after_failures", "quiet_seconds", "slow_factor")
DELIVERY: dict[str, Any] = {
    "id": "01a207ab-9f10-8c41-b2a3-5d0e6f7a8b9c",
    "kind": "failed",
    "schedule": SUCCEEDED["schedule"],
    "run_id": SUCCEEDED["id"],
    "at": "2026-11-23T09:08:04.112233Z",
    "state": "succeeded",
    "attempt": 1,
    "max_retries": 8,
    "due_at": "2026-11-23T09:08:04.112233Z",
    "finished_at": "2026-11-23T09:08:04.731904Z",
    "error": None,
}
TRIAL = DELIVERY | {"kind": "test", "schedule": None, "run_id": None, "state": "planned", "attempt": 0}
TRIAL |= {"finished_at": None}

NOTICES: dict[str, Any] = {
    "ChannelBody": _BODY,
    "ChannelJson": CHANNEL,
    "ChannelPage": {"items": [CHANNEL], "next": None},
    "ToldChannelsJson": {"items": [{name: CHANNEL[name] for name in _TOLD}]},
    "DeliveryJson": TRIAL,
    "DeliveryPage": {"items": [DELIVERY], "next": None},
}
