"""Who may do what: every route, with every role, with a token for a part, and with none."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from falcon.testing import TestClient

from api.app import ROUTES
from models.words.roles import Role
from tests.api.access.conftest import GiveToken

NONE, VIEWER, OPERATOR, EDITOR, ADMIN = None, *Role

SEEN, PART, ALL = "what it sees", "leaves out the rest", "concerns all"
"""What a route is to a token for a part: about one schedule or run, a list of what it sees, or not for it."""

MATRIX: dict[str, tuple[Role | None, str]] = {
    "GET /v1/schedules": (VIEWER, PART),
    "POST /v1/schedules": (EDITOR, PART),
    "GET /v1/schedules/{name}": (VIEWER, SEEN),
    "PUT /v1/schedules/{name}": (EDITOR, SEEN),
    "PATCH /v1/schedules/{name}": (EDITOR, SEEN),
    "DELETE /v1/schedules/{name}": (EDITOR, SEEN),
    "POST /v1/schedules/{name}/trigger": (OPERATOR, SEEN),
    "POST /v1/schedules/{name}/pause": (OPERATOR, SEEN),
    "POST /v1/schedules/{name}/resume": (OPERATOR, SEEN),
    "GET /v1/schedules/{name}/upcoming": (VIEWER, SEEN),
    "GET /v1/schedules/{name}/slots": (VIEWER, SEEN),
    "GET /v1/schedules/{name}/explain": (VIEWER, SEEN),
    "GET /v1/schedules/{name}/versions": (VIEWER, SEEN),
    "POST /v1/schedules/{name}/rollback": (EDITOR, SEEN),
    "POST /v1/preview": (VIEWER, PART),
    "GET /v1/runs": (VIEWER, PART),
    "GET /v1/runs/{id:uuid}": (VIEWER, SEEN),
    "GET /v1/runs/{id:uuid}/output": (VIEWER, SEEN),
    "POST /v1/runs/{id:uuid}/cancel": (OPERATOR, SEEN),
    "POST /v1/runs/{id:uuid}/retry": (OPERATOR, SEEN),
    "GET /v1/failures": (VIEWER, PART),
    "GET /v1/events": (VIEWER, PART),
    "GET /v1/secrets": (VIEWER, ALL),
    "GET /v1/actors": (VIEWER, PART),
    "GET /v1/workers": (VIEWER, ALL),
    "POST /v1/workers/{id:uuid}/drain": (OPERATOR, ALL),
    "GET /v1/queues": (VIEWER, ALL),
    "GET /v1/queues/{name}/dead-letters": (VIEWER, ALL),
    "POST /v1/queues/{name}/pause": (OPERATOR, ALL),
    "POST /v1/queues/{name}/resume": (OPERATOR, ALL),
    "GET /v1/hold": (VIEWER, PART),
    "POST /v1/hold": (OPERATOR, ALL),
    "POST /v1/release": (OPERATOR, ALL),
    "POST /v1/schedules/bulk": (OPERATOR, PART),
    "POST /v1/runs/cancel": (OPERATOR, PART),
    "POST /v1/runs/retry": (OPERATOR, PART),
    "GET /v1/upcoming": (VIEWER, PART),
    "GET /v1/verify": (VIEWER, PART),
    "POST /v1/apply": (EDITOR, PART),
    "GET /v1/export": (VIEWER, PART),
    "GET /v1/me": (VIEWER, PART),
    "GET /v1/tokens": (ADMIN, ALL),
    "POST /v1/tokens": (ADMIN, ALL),
    "DELETE /v1/tokens/{id:uuid}": (ADMIN, ALL),
    "GET /v1/audit": (VIEWER, PART),
    "GET /v1/channels": (VIEWER, ALL),
    "GET /v1/channels/{name}": (VIEWER, ALL),
    "PUT /v1/channels/{name}": (ADMIN, ALL),
    "DELETE /v1/channels/{name}": (ADMIN, ALL),
    "POST /v1/channels/{name}/test": (ADMIN, ALL),
    "GET /v1/channels/{name}/deliveries": (VIEWER, ALL),
    "GET /v1/schedules/{name}/channels": (VIEWER, SEEN),
    "GET /health/live": (NONE, PART),
    "GET /health/ready": (NONE, PART),
    "GET /metrics": (VIEWER, ALL),
    "GET /openapi.json": (NONE, PART),
    "GET /docs": (NONE, PART),
}
CALLS = sorted(MATRIX)


def test_every_route_is_in_the_table() -> None:
    assert {f"{route.method} {route.path}" for route in ROUTES} == MATRIX.keys()


def test_the_table_says_what_the_routes_declare() -> None:
    declared = {f"{route.method} {route.path}": route.role for route in ROUTES}
    assert declared == {call: role for call, (role, _) in MATRIX.items()}


def ask(client: TestClient, call: str, name: str = "hidden", run: UUID | None = None, **headers: str) -> int:
    method, path = call.split(" ")
    path = path.replace("{name}", name).replace("{id:uuid}", str(run or uuid4()))
    body = {} if method in ("POST", "PUT", "PATCH") else None
    query = "?at=2030-01-01T00:00:00Z" if path.endswith("/explain") else ""
    answer: Any = client.simulate_request(method, path + query, json=body, headers=headers)
    return int(answer.status_code)


@pytest.mark.parametrize("role", ["viewer", "operator", "editor", "admin"])
def test_a_role_may_do_what_the_table_says(give_token: GiveToken, role: str) -> None:
    somebody = give_token(role)
    for call in CALLS:
        needed, _ = MATRIX[call]
        is_allowed = needed is None or Role[role.upper()] >= needed
        if call == "GET /v1/audit":
            is_allowed = role == "admin"  # of all; what was done to one thing is another test
        assert (ask(somebody, call) not in (401, 403)) == is_allowed, call


def test_without_a_token_nothing_but_health_and_the_description_answers(shared_client: TestClient) -> None:
    for call in CALLS:
        status = ask(shared_client, call, Authorization="")
        assert (status == 401) == (MATRIX[call][0] is not None), call


def test_a_token_for_a_part_reaches_nothing_else(client: TestClient, give_token: GiveToken) -> None:
    hidden = {"name": "hidden", "actor": "log_message", "args": {"message": "x"}}
    assert client.simulate_post("/v1/schedules", json=hidden).status_code == 201
    run = client.simulate_post("/v1/schedules/hidden/trigger").json["id"]
    somebody = give_token("admin", only={"prefix": "mine-"})
    for call in CALLS:
        status, kind = ask(somebody, call, run=run), MATRIX[call][1]
        if kind is SEEN:
            assert status == 404, call
        elif kind is ALL or call == "GET /v1/audit":
            assert status == 403, call
        else:
            assert status not in (401, 403, 404), call
    assert client.simulate_get("/v1/schedules/hidden").json["version"] == 1
    assert client.simulate_get(f"/v1/runs/{run}").json["state"] == "planned"
