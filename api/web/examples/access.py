"""Who may do what, who did what, and versions, by the names of the models."""

from typing import Any

from api.web.examples.bodies import NEW_SCHEDULE, SCHEDULE

NAME = NEW_SCHEDULE["name"]

TOKEN: dict[str, Any] = {
    "id": "6f1d3a52-0c1e-4b7e-9a57-1c2f7d3b8e90",
    "name": "deploys",
    "role": "editor",
    "only": {"prefix": "crm-", "tags": []},
    "last_four": "9fQz",
    "created_at": "2026-11-20T08:00:00Z",
    "created_by": "admin",
    "expires_at": "2027-11-20T08:00:00Z",
    "last_used_at": None,
}
_CHANGE = {"field": "cron", "before": ["0 2 * * *"], "after": ["0 3 * * *"]}
_ACT = {
    "id": 4711,
    "at": "2026-11-23T09:00:00Z",
    "who": "deploys",
    "role": "editor",
    "address": "192.0.2.7",
    "action": "schedule.update",
    "target": f"schedules/{NEW_SCHEDULE['name']}",
    "before": {"cron": ["0 2 * * *"]},
    "after": {"cron": ["0 3 * * *"]},
    "reason": None,
}
_VERSION = {
    "version": 3,
    "at": "2026-11-23T09:00:00Z",
    "who": "deploys",
    "action": "schedule.update",
    "changes": [_CHANGE],
    "definition": {"actor": NEW_SCHEDULE["actor"], "cron": ["0 3 * * *"]},
}

APPLIED = {
    "create": [],
    "update": [{"kind": "schedule", "name": NAME, "changes": [_CHANGE]}],
    "delete": [{"kind": "schedule", "name": "old-status-page"}],
    "unchanged": 11,
    "conflicts": [],
}

ACCESS: dict[str, Any] = {
    "TokenBody": {"name": "deploys", "role": "editor", "only": {"prefix": "crm-"}},
    "NewTokenJson": TOKEN | {"token": f"cs_{'0' * 40}1Fx9ab"},
    "TokenPage": {"items": [TOKEN], "next": None},
    "MeJson": {name: TOKEN[name] for name in ("name", "role", "only", "expires_at")},
    "AuditPage": {"items": [_ACT], "next": None},
    "VersionPage": {"items": [_VERSION], "next": None},
    "ApplyBody": {"source": "crm", "schedules": {NAME: SCHEDULE}, "prune": True, "dry_run": True},
    "AppliedJson": APPLIED,
    "ExportJson": {"source": "crm", "schedules": {NAME: SCHEDULE}},
    "RollbackBody": {"version": 2, "reason": "it ran into the back-up"},
}
