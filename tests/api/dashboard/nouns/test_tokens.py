"""The page of tokens: who has one, giving one, which is shown once, and revoking it."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from falcon.testing import TestClient

from api.access.tokens import is_well_formed
from tests.api.dashboard.conftest import MakeToken
from tests.api.dashboard.visitor import Visitor, title_of


def token_in(page: str) -> str:
    found = re.search(r'<input id="token" readonly value="(\w+)"', page)
    assert found is not None, page
    return found[1]


def test_a_token_is_given_and_shown_once(
    admin: Visitor, site: TestClient, client: TestClient, execute: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    sent = {"name": "ci <1>", "role": "operator", "prefix": "crm-", "tags": "a, b,", "expires_at": "90d"}
    answer = admin.send("/tokens", "/tokens", **sent)
    assert (answer.status_code, answer.headers["cache-control"]) == (201, "no-store")
    assert ("etag" in answer.headers, "set-cookie" in answer.headers, "data-poll" in answer.text) == (False,) * 3
    token = token_in(answer.text)
    assert is_well_formed(token)
    assert answer.text.count(token) == 1
    [stored] = client.simulate_get("/v1/tokens").json["items"]
    assert (stored["name"], stored["role"], stored["created_by"]) == ("ci <1>", "operator", "admin")
    assert stored["only"] == {"prefix": "crm-", "tags": ["a", "b"]}
    assert stored["last_four"] == token[-4:]
    assert stored["expires_at"] is not None
    page = admin.get("/tokens").text
    assert (token in page, "ci &lt;1&gt;" in page, f"…{token[-4:]}" in page) == (False, True, True)
    assert token not in caplog.text + str(execute("SELECT * FROM tokens")) + str(execute("SELECT * FROM audit"))
    somebody = Visitor(site)
    somebody.sign_in(token)
    assert title_of(somebody.get("/schedules")) == "Schedules"


def test_one_for_all_schedules_and_for_ever(admin: Visitor, client: TestClient) -> None:
    admin.send("/tokens", "/tokens", name="ci", role="viewer", prefix="", tags=" ", expires_at="")
    [stored] = client.simulate_get("/v1/tokens").json["items"]
    assert (stored["only"], stored["expires_at"]) == (None, None)


@pytest.mark.parametrize(
    ("fields", "field", "status"),
    [
        ({"name": "", "role": "viewer"}, "name", 422),
        ({"name": "taken", "role": "viewer"}, "name", 409),
        ({"name": "x", "role": "god"}, "role", 422),
        ({"name": "x", "role": "viewer", "expires_at": "2001-01-01T00:00:00Z"}, "expires_at", 422),
        ({"name": "x", "role": "viewer", "expires_at": "tomorrow"}, "expires_at", 422),
        ({"name": "x", "role": "viewer", "prefix": "p" * 129}, "prefix", 422),
        ({"name": "x", "role": "viewer", "tags": "t" * 101}, "tags", 422),
    ],
)
def test_what_is_wrong_stands_beside_its_field_and_the_rest_is_kept(
    admin: Visitor, client: TestClient, fields: dict[str, str], field: str, status: int
) -> None:
    client.simulate_post("/v1/tokens", json={"name": "taken", "role": "viewer"})
    answer = admin.send("/tokens", "/tokens", **fields)
    assert answer.status_code == status
    assert f'class="error" id="{field}-error"' in answer.text
    assert f'value="{fields["name"]}"' in answer.text
    assert len(client.simulate_get("/v1/tokens").json["items"]) == 1


def test_a_token_is_revoked_after_a_question(
    admin: Visitor, site: TestClient, make_token: MakeToken, client: TestClient
) -> None:
    somebody = Visitor(site)
    somebody.sign_in(make_token("viewer"))
    [stored] = client.simulate_get("/v1/tokens").json["items"]
    path = f"/tokens/{stored['id']}/revoke"
    assert f'action="{path}"' in admin.get("/tokens").text
    assert ("a-viewer" in admin.get(path).text, title_of(admin.get(path))) == (True, "Revoke")
    assert somebody.get("/schedules").status_code == 200
    admin.send(path, path)
    assert admin.note("/tokens") == "The token a-viewer holds no more."
    assert somebody.get("/schedules").status_code == 303
    assert client.simulate_get("/v1/tokens").json["items"] == []
    assert admin.get(path).status_code == 404
    assert admin.send("/tokens", path).status_code == 404


def test_one_that_has_expired_is_said(admin: Visitor, make_token: MakeToken, execute: Callable[..., Any]) -> None:
    make_token("viewer", expires_at="2040-01-01T00:00:00Z")
    assert ">expired<" not in admin.get("/tokens").text
    execute("UPDATE tokens SET expires_at = now() - interval '1 s'")
    assert ">expired<" in admin.get("/tokens").text


@pytest.mark.parametrize(("role", "only"), [("viewer", None), ("editor", None), ("admin", {"prefix": "crm-"})], ids=str)
def test_others_are_refused(
    visitor: Visitor, make_token: MakeToken, client: TestClient, role: str, only: dict[str, str] | None
) -> None:
    visitor.sign_in(make_token(role, **({"only": only} if only else {})))
    [stored] = client.simulate_get("/v1/tokens").json["items"]
    assert visitor.get("/tokens").status_code == 403
    assert visitor.get(f"/tokens/{stored['id']}/revoke").status_code == 403
    assert visitor.send("/queues", f"/tokens/{stored['id']}/revoke").status_code == 403
    assert visitor.send("/queues", "/tokens", name="more", role="admin").status_code == 403
    assert len(client.simulate_get("/v1/tokens").json["items"]) == 1
