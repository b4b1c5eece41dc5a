"""Which example belongs to a body, an answer, a parameter or a header. What has none is left without one."""

from collections.abc import Mapping
from typing import Any

from api.web.examples import access, bodies, events, notices, problems, processes, runs, schedules

ONE = "/v1/schedules/{name}"
RUN = "/v1/runs/{id}"
QUEUE = "/v1/queues/{name}"

MODELS = {
    **(bodies.BODIES | schedules.SCHEDULES | runs.RUNS | events.EVENTS),
    **(processes.PROCESSES | access.ACCESS | notices.NOTICES),
}
"""By the names of models: what holds wherever the model is taken or answered."""

ANSWERS: Mapping[str, Any] = {
    "POST /v1/schedules 201": schedules.NEW,
    "POST /v1/schedules 409": problems.NAME_TAKEN,
    "POST /v1/schedules 422": problems.WRONG_SCHEDULE,
    f"PUT {ONE} 201": schedules.NEW,
    f"PUT {ONE} 422": problems.WRONG_SCHEDULE,
    f"PATCH {ONE} 415": problems.NOT_A_PATCH,
    f"PATCH {ONE} 422": problems.WRONG_SCHEDULE,
    f"POST {ONE}/trigger 202": runs.PLANNED,
    f"POST {ONE}/pause 200": schedules.PAUSED,
    f"POST {ONE}/pause 409": problems.LOCKED,
    f"POST {ONE}/resume 409": problems.LOCKED,
    f"GET {RUN}/output 200": runs.OUTPUT,
    f"POST {RUN}/cancel 202": runs.CANCELLED,
    f"POST {RUN}/cancel 409": problems.TOO_LATE,
    f"POST {RUN}/retry 202": runs.RETRIED,
    f"POST {RUN}/retry 409": problems.NOT_ENDED,
    f"POST {QUEUE}/pause 200": processes.PAUSED_QUEUE,
    "POST /v1/apply 409": problems.NOT_ITS_OWN,
    "GET /health/ready 503": processes.UNREADY,
    "GET /v1/secrets 200": processes.SECRETS,
    "GET /metrics 200": processes.METRICS,
    "GET /openapi.json 200": {"openapi": "3.1.0", "info": {"title": "callsheet", "version": "1"}, "paths": {}},
    "GET /docs 200": "<!doctype html>\n<html lang=en>…</html>\n",
}
"""By method, path and status: what says more about one answer than the example of its model."""

NOT_FOUND = {
    "schedules": problems.NO_SUCH_SCHEDULE,
    "runs": problems.NO_SUCH_RUN,
    "workers": problems.NO_SUCH_WORKER,
    "tokens": problems.NO_SUCH_TOKEN,
    "channels": problems.NO_SUCH_CHANNEL,
}
"""By groups of paths."""

PARAMETERS = {
    "schedules name": bodies.NEW_SCHEDULE["name"],
    "schedules at": runs.SLOT_AT,
    "runs id": runs.SUCCEEDED["id"],
    "runs after": 0,
    "events after": events.NEXT,
    "events types": events.TYPES,
    "queues name": processes.QUEUE["name"],
    "channels name": notices.CHANNEL["name"],
    "workers id": runs.WORKER_ID,
    "tokens id": access.TOKEN["id"],
}
"""By group and name."""

HEADERS: Mapping[str, Any] = {
    "Callsheet-Output-Offset": len(runs.OUTPUT.encode()),
    "ETag 200": '"5b0c6a528d1f-3"',
    "ETag 201": '"5b0c6a528d1f-1"',
    "Idempotency-Key": "deploy-2026-11-23",
    "If-Match": '"5b0c6a528d1f-3"',
    "If-None-Match": "*",
    "Location 201": "/v1/schedules/status-page",
    "Location 202": "/v1/runs/01a207a8-ca00-8592-a080-c7ff1223d64f",
    "Retry-After": 5,
    "WWW-Authenticate": 'Bearer error="invalid_token"',
}
"""By name, and by status where that makes a difference."""


def example_of_model(name: str) -> dict[str, Any]:
    """`example` of a model by its name, for a media type."""
    return _found(MODELS, name)


def example_of_answer(call: str, status: int, model: str = "") -> dict[str, Any]:
    """`example` of what a call (`GET /v1/runs`) answers with this status."""
    return _found(ANSWERS, f"{call} {status}") or _found(MODELS, model)


def example_of_problem(call: str, status: int, group: str) -> dict[str, Any]:
    """`example` of the error that a call of a group (`runs`) answers with this status."""
    common = _found(NOT_FOUND, group) if status == 404 else {}
    return _found(ANSWERS, f"{call} {status}") or common or _found(problems.PROBLEMS, status)


def example_of_parameter(group: str, name: str) -> dict[str, Any]:
    """`example` of a parameter in a path or query."""
    return _found(PARAMETERS, f"{group} {name}")


def example_of_header(name: str, status: int = 0) -> dict[str, Any]:
    """`example` of a header of a request, or of an answer with this status."""
    return _found(HEADERS, f"{name} {status}") or _found(HEADERS, name)


def _found(examples: Mapping[Any, Any], key: str | int) -> dict[str, Any]:
    return {"example": examples[key]} if key in examples else {}
