"""Instants at the edge of time are answered or refused wherever they come in, and nothing breaks by them."""

from typing import Any

import pytest
from falcon.testing import TestClient

FAR = ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "1969-12-31T23:59:59Z", "9999-12-31T23:59:59Z",
       "9999-12-31T23:59:59-14:00", "9000-01-01T00:00:00Z")  # fmt: skip
NEAR = ("1970-01-01T00:00:00Z", "8999-12-31T23:59:59Z")
BODIES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "starts_at": ("POST", "/v1/schedules", {"name": "far", "actor": "log_message", "every_seconds": 60}),
    "ends_at": ("POST", "/v1/schedules", {"name": "far", "actor": "log_message", "cron": ["* * * * *"]}),
    "at": ("POST", "/v1/schedules", {"name": "far", "actor": "log_message"}),
    "put starts_at": ("PUT", "/v1/schedules/far", {"actor": "log_message", "cron": ["0 0 29 2 *"]}),
    "patch starts_at": ("PATCH", "/v1/schedules/there", {}),
    "patch ends_at": ("PATCH", "/v1/schedules/there", {}),
    "trigger due_at": ("POST", "/v1/schedules/there/trigger", {}),
    "trigger slot_at": ("POST", "/v1/schedules/there/trigger", {}),
    "pause until": ("POST", "/v1/schedules/there/pause", {}),
    "hold until": ("POST", "/v1/hold", {"reason": "far"}),
    "token expires_at": ("POST", "/v1/tokens", {"name": "far", "role": "viewer"}),
    "preview after": ("POST", "/v1/preview", {"cron": ["0 0 29 2 *"]}),
    "preview starts_at": ("POST", "/v1/preview", {"every_seconds": 3600}),
    "preview at": ("POST", "/v1/preview", {}),
}
QUERIES = (
    "/v1/runs?since=", "/v1/runs?until=", "/v1/schedules/there/slots?since=", "/v1/schedules/there/slots?until=",
    "/v1/schedules/there/explain?at=", "/v1/upcoming?since=", "/v1/upcoming?until=", "/v1/audit?since=",
    "/v1/audit?until=",
)  # fmt: skip


@pytest.fixture(autouse=True)
def there(client: TestClient) -> None:
    body = {"name": "there", "actor": "log_message", "cron": ["* * * * *"]}
    assert client.simulate_post("/v1/schedules", json=body).status_code == 201


@pytest.mark.parametrize("case", BODIES)
def test_a_body_is_taken_or_refused(client: TestClient, case: str) -> None:
    method, path, body = BODIES[case]
    for number, instant in enumerate((*FAR, *NEAR)):
        named = {"name": f"{body['name']}-{number}"} if "name" in body else {}
        given = body | named | {case.split()[-1]: instant}
        assert client.simulate_request(method, path, json=given).status_code in (200, 201, 202, 422), instant


@pytest.mark.parametrize("path", QUERIES)
def test_a_query_is_answered_or_refused(client: TestClient, path: str) -> None:
    for instant in (*FAR, *NEAR):
        assert client.simulate_get(path + instant.replace("+", "%2B")).status_code in (200, 404, 422), instant


def test_what_is_to_come_at_the_end_of_time_has_room_for_its_jitter(client: TestClient) -> None:
    when = {"every_seconds": 86400, "starts_at": "2026-01-01T23:59:00Z", "jitter_seconds": 80000}
    body = {"name": "late", "actor": "late", **when}
    assert client.simulate_post("/v1/schedules", json=body).status_code == 201
    for since in ("9999-12-20T00:00:00Z", "9999-12-30T00:00:00Z", "9999-12-31T23:00:00Z"):
        assert (
            client.simulate_get(f"/v1/upcoming?since={since}&until=9999-12-31T23:59:59Z&actor=late").status_code == 200
        )
        assert client.simulate_get(f"/v1/schedules/late/explain?at={since}").status_code == 200
