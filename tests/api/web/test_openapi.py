"""The OpenAPI document."""

import re
from typing import Any

import pytest
from falcon.testing import TestClient
from jsonschema import Draft202012Validator

from api.app import ROUTES
from api.shapes.schedule_body import Nothing
from api.v1 import schedules
from api.web.answers import problems_of
from api.web.problems import PROBLEM_JSON, Problem, invalid_field
from api.web.routes import JSON, Answer, Call, Route
from tests.api.documented import check_documented
from tests.api.raised import statuses_raised


@pytest.fixture(scope="module")
def document(shared_client: TestClient) -> dict[str, Any]:
    found: dict[str, Any] = shared_client.simulate_get("/openapi.json").json
    return found


def _references(value: Any) -> set[str]:
    if isinstance(value, list):
        return set().union(*map(_references, value))
    if not isinstance(value, dict):
        return set()
    own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
    return own.union(*map(_references, value.values()))


def test_it_is_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.0"
    assert {"title", "version"} <= set(document["info"])


def test_every_route_is_in_it(document: dict[str, Any]) -> None:
    described = {(method.upper(), path) for path, item in document["paths"].items() for method in item}
    assert described == {(route.method, re.sub(r":\w+", "", route.path)) for route in ROUTES}


def test_references_lead_somewhere_and_schemas_are_schemas(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    assert _references(document) <= {f"#/components/schemas/{name}" for name in schemas}
    for schema in schemas.values():
        Draft202012Validator.check_schema(schema)


def test_operations_are_complete(document: dict[str, Any]) -> None:
    names = []
    for path, item in document["paths"].items():
        for operation in item.values():
            names.append(operation["operationId"])
            assert operation["summary"].endswith(".")
            in_path = {each["name"] for each in operation["parameters"] if each["in"] == "path"}
            assert in_path == set(re.findall(r"\{(\w+)\}", path))
            assert all(answer["description"] for answer in operation["responses"].values())
            assert ("401" in operation["responses"]) == ("security" in operation)
    assert len(names) == len(set(names))


def test_a_handler_can_only_take_what_a_request_has() -> None:
    def handler(call: Call, boddy: Nothing) -> Answer:
        raise AssertionError

    with pytest.raises(TypeError, match="boddy"):
        Route("POST", "/v1/x", handler, None, {200: None})


# Clients are generated from these: they never change.
OPERATIONS = {
    "GET /v1/schedules": "list_schedules",
    "POST /v1/schedules": "create_schedule",
    "GET /v1/schedules/{name}": "get_schedule",
    "PUT /v1/schedules/{name}": "put_schedule",
    "PATCH /v1/schedules/{name}": "patch_schedule",
    "POST /v1/apply": "apply_file",
    "GET /v1/export": "export_file",
    "DELETE /v1/schedules/{name}": "delete_schedule",
    "POST /v1/schedules/{name}/trigger": "trigger_schedule",
    "POST /v1/schedules/{name}/pause": "pause_schedule",
    "POST /v1/schedules/{name}/resume": "resume_schedule",
    "GET /v1/schedules/{name}/upcoming": "list_upcoming_slots",
    "GET /v1/schedules/{name}/slots": "list_slots",
    "GET /v1/schedules/{name}/explain": "explain_slot",
    "GET /v1/verify": "verify_slots",
    "POST /v1/preview": "preview_spec",
    "GET /v1/runs": "list_runs",
    "GET /v1/runs/{id}": "get_run",
    "GET /v1/runs/{id}/output": "get_run_output",
    "POST /v1/runs/{id}/cancel": "cancel_run",
    "POST /v1/runs/{id}/retry": "retry_run",
    "GET /v1/failures": "list_failures",
    "GET /v1/events": "list_events",
    "GET /v1/actors": "list_actors",
    "GET /v1/secrets": "list_secrets",
    "GET /v1/workers": "list_workers",
    "POST /v1/workers/{id}/drain": "drain_worker",
    "GET /v1/queues": "list_queues",
    "GET /v1/queues/{name}/dead-letters": "list_dead_letters",
    "GET /v1/schedules/{name}/versions": "list_versions",
    "POST /v1/schedules/{name}/rollback": "roll_back_schedule",
    "GET /v1/hold": "get_hold",
    "POST /v1/hold": "hold",
    "POST /v1/release": "release",
    "POST /v1/schedules/bulk": "change_schedules",
    "POST /v1/runs/cancel": "cancel_runs",
    "POST /v1/runs/retry": "retry_runs",
    "GET /v1/upcoming": "list_coming_slots",
    "GET /v1/me": "get_me",
    "GET /v1/tokens": "list_tokens",
    "POST /v1/tokens": "create_token",
    "DELETE /v1/tokens/{id}": "revoke_token",
    "GET /v1/audit": "list_audit",
    "POST /v1/queues/{name}/pause": "pause_queue",
    "POST /v1/queues/{name}/resume": "resume_queue",
    "GET /v1/channels": "list_channels",
    "GET /v1/channels/{name}": "get_channel",
    "PUT /v1/channels/{name}": "put_channel",
    "DELETE /v1/channels/{name}": "delete_channel",
    "POST /v1/channels/{name}/test": "test_channel",
    "GET /v1/channels/{name}/deliveries": "list_deliveries",
    "GET /v1/schedules/{name}/channels": "list_channels_of_schedule",
    "GET /health/live": "get_liveness",
    "GET /health/ready": "get_readiness",
    "GET /metrics": "get_metrics",
    "GET /openapi.json": "get_openapi",
    "GET /docs": "get_docs",
}


def test_operations_keep_their_names(document: dict[str, Any]) -> None:
    named = {
        f"{method.upper()} {path}": operation["operationId"]
        for path, item in document["paths"].items()
        for method, operation in item.items()
    }
    assert named == OPERATIONS


def test_answers_are_as_described(shared_client: TestClient, document: dict[str, Any]) -> None:
    created = shared_client.simulate_post("/v1/schedules", json={"name": "a", "actor": "x", "cron": "* * * * *"})
    run = shared_client.simulate_post("/v1/schedules/a/trigger").json["id"]
    paths = {
        "/v1/schedules": "/v1/schedules",
        "/v1/schedules/{name}": "/v1/schedules/a",
        "/v1/schedules/{name}/upcoming": "/v1/schedules/a/upcoming",
        "/v1/schedules/{name}/slots": "/v1/schedules/a/slots",
        "/v1/schedules/{name}/explain": "/v1/schedules/a/explain?at=2030-01-01T00:00:00Z",
        "/v1/verify": "/v1/verify",
        "/v1/runs": "/v1/runs",
        "/v1/runs/{id}": f"/v1/runs/{run}",
        "/v1/actors": "/v1/actors",
        "/v1/workers": "/v1/workers",
        "/v1/queues": "/v1/queues",
        "/health/live": "/health/live",
        "/health/ready": "/health/ready",
    }
    assert created.status_code == 201
    for described, path in paths.items():
        answer = shared_client.simulate_get(path)
        responses = document["paths"][described]["get"]["responses"]
        schema = responses[str(answer.status_code)]["content"]["application/json"]["schema"]
        Draft202012Validator({**schema, "components": document["components"]}).validate(answer.json)
    shared_client.simulate_delete("/v1/schedules/a")


def test_operations_are_grouped_by_collection(document: dict[str, Any]) -> None:
    groups = {path: {operation["tags"][0] for operation in item.values()} for path, item in document["paths"].items()}
    assert groups["/v1/schedules/{name}/trigger"] == {"schedules"}
    assert groups["/openapi.json"] == groups["/health/live"] == {"service"}


def test_headers_of_answers_are_sent_as_described(shared_client: TestClient, document: dict[str, Any]) -> None:
    body = {"name": "b", "actor": "x"}
    answers = [
        ("/v1/schedules", "post", shared_client.simulate_post("/v1/schedules", json=body)),
        ("/v1/schedules/{name}", "get", shared_client.simulate_get("/v1/schedules/b")),
        ("/v1/schedules/{name}", "put", shared_client.simulate_put("/v1/schedules/b", json=body)),
        ("/v1/schedules/{name}", "patch", shared_client.simulate_patch("/v1/schedules/b", json={})),
        ("/v1/schedules/{name}/pause", "post", shared_client.simulate_post("/v1/schedules/b/pause")),
        ("/v1/schedules/{name}/resume", "post", shared_client.simulate_post("/v1/schedules/b/resume")),
        ("/v1/schedules/{name}/trigger", "post", shared_client.simulate_post("/v1/schedules/b/trigger")),
        ("/v1/schedules/{name}", "delete", shared_client.simulate_delete("/v1/schedules/b")),
        ("/v1/runs", "get", shared_client.simulate_get("/v1/runs", headers={"Authorization": ""})),
    ]
    known = {"etag", "location", "retry-after", "www-authenticate"}
    for path, method, answer in answers:
        described = document["paths"][path][method]["responses"][str(answer.status_code)].get("headers", {})
        assert {name.lower() for name in described} == known & set(answer.headers), (method, path)


_BULK = {(name, status) for name in ("change_schedules", "cancel_runs", "retry_runs") for status in (404, 409)}
NEVER_MIND = {("create_schedule", 404), *_BULK}
"""What it shows it has just made, in its own transaction; of many at once each tells for itself."""


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.handler.__name__)
def test_what_a_handler_can_raise_is_described_and_what_is_described_can_be_raised(route: Route) -> None:
    raised = statuses_raised(route.handler)
    undescribed = {(route.handler.__name__, status) for status in raised - set(problems_of(route))}
    assert undescribed <= NEVER_MIND
    assert set(route.problems) <= raised


def test_any_call_may_be_no_http_or_too_long(document: dict[str, Any]) -> None:
    for path, operations in document["paths"].items():
        for verb, operation in operations.items():
            assert {"400", "431"} <= set(operation["responses"]), (verb, path)


def test_raised_errors_are_found_wherever_they_are() -> None:
    assert statuses_raised(_outer) == {400, 404, 409, 412, 422}


def _outer(call: Call) -> Answer:
    if call.params:
        raise Problem(400, "…")
    each = [None, schedules.delete_schedule]
    raise invalid_field("x", str(each), 422)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (("PATCH", "/v1/schedules/a", 418, PROBLEM_JSON), "PATCH /v1/schedules/{name} 418 is not documented"),
        (("GET", "/v1/runs?limit=1", 200, "text/html; charset=utf-8"), "GET /v1/runs 200 is text/html"),
        (("GET", "/v1/nothing", 200, JSON), "GET /v1/nothing is not documented"),
    ],
)
def test_an_answer_that_is_not_described_fails_the_test_that_got_it(answer: Any, said: str) -> None:
    with pytest.raises(AssertionError, match=re.escape(said)):
        check_documented(*answer)


@pytest.mark.parametrize("call", ["patch", "delete"])
def test_a_schedule_of_code_may_not_be_changed_and_that_is_described(document: dict[str, Any], call: str) -> None:
    problem = document["paths"]["/v1/schedules/{name}"][call]["responses"]["409"]["content"][PROBLEM_JSON]
    assert "declared in code" in problem["example"]["detail"]
