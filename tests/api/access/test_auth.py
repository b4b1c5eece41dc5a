"""Tokens."""

import pytest
from falcon.testing import TestClient

from api.access.auth import Caller, NotAllowed, require
from models.words.roles import Role
from tests.api.conftest import TOKEN


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer ", "Bearer wrong", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN}x", "Bearer ä"]
)
def test_without_the_token_a_call_is_a_401(shared_client: TestClient, header: str | None) -> None:
    answer = shared_client.simulate_get("/v1/schedules", headers={"Authorization": header or ""})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_the_scheme_may_be_written_in_any_case(client: TestClient) -> None:
    assert client.simulate_get("/v1/schedules", headers={"Authorization": f"bearer {TOKEN}"}).status_code == 200


@pytest.mark.parametrize("path", ["/health/live", "/openapi.json", "/docs"])
def test_these_need_no_token(client: TestClient, path: str) -> None:
    assert client.simulate_get(path, headers={"Authorization": ""}).status_code == 200


def test_a_role_may_do_what_lesser_roles_may() -> None:
    require(Caller("ann", Role.EDITOR), Role.OPERATOR)
    with pytest.raises(NotAllowed, match="role admin"):
        require(Caller("ann", Role.EDITOR), Role.ADMIN)
