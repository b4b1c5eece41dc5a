"""Tokens: made, used, listed, ended."""

import re
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from falcon.testing import TestClient

from api.access.tokens import hash_of, is_well_formed, make_token
from tests.api.access.conftest import GiveToken
from tests.api.conftest import TOKEN

BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def in_base62(number: int) -> str:
    return in_base62(number // 62) + BASE62[number % 62] if number >= 62 else BASE62[number]


def test_a_token_ends_with_a_checksum_of_what_stands_before() -> None:
    for _ in range(100):
        token = make_token()
        assert re.fullmatch(r"cs_[0-9A-Za-z]{46}", token)
        assert token[-6:] == in_base62(zlib.crc32(token[:-6].encode())).rjust(6, "0")
        assert is_well_formed(token)


@pytest.mark.parametrize("place", [0, 3, 20, 42, 44, 48])
def test_a_typo_is_told_without_a_look_into_the_database(client: TestClient, engine: sa.Engine, place: int) -> None:
    token = client.simulate_post("/v1/tokens", json={"name": "a", "role": "viewer"}).json["token"]
    wrong = token[:place] + ("x" if token[place] != "x" else "y") + token[place + 1 :]
    assert not is_well_formed(wrong)
    asked: list[str] = []
    sa.event.listen(engine, "before_cursor_execute", lambda _c, _cu, statement, *_: asked.append(statement))
    answer = client.simulate_get("/v1/me", headers={"Authorization": f"Bearer {wrong}"})
    assert answer.status_code == 401
    assert asked == []


def test_a_token_is_shown_once_and_kept_as_a_hash(client: TestClient, execute: Callable[..., Any]) -> None:
    made = client.simulate_post("/v1/tokens", json={"name": "deploys", "role": "editor"}).json
    listed = client.simulate_get("/v1/tokens").json["items"]
    token = made.pop("token")
    assert listed == [made]
    assert made["last_four"] == token[-4:]
    assert (made["name"], made["role"], made["only"], made["created_by"]) == ("deploys", "editor", None, "admin")
    [row] = execute("SELECT * FROM tokens")
    assert row.hash == hash_of(token)
    assert token not in str(row)
    assert token not in client.simulate_get("/v1/audit").text


def test_a_name_is_given_once(client: TestClient) -> None:
    body = {"name": "deploys", "role": "viewer"}
    assert [client.simulate_post("/v1/tokens", json=body).status_code for _ in range(2)] == [201, 409]


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"role": "owner"},
        {"only": {}},
        {"only": {"prefix": ""}},
        {"only": {"tags": []}},
        {"expires_at": "2020-01-01T00:00:00Z"},
        {"expires_at": "soon"},
        {"token": "mine"},
    ],
)
def test_what_can_t_be_is_refused(client: TestClient, wrong: dict[str, Any]) -> None:
    answer = client.simulate_post("/v1/tokens", json={"name": "a", "role": "viewer"} | wrong)
    assert answer.status_code == 422
    assert client.simulate_get("/v1/tokens").json["items"] == []


def test_one_knows_who_one_is(client: TestClient, give_token: GiveToken) -> None:
    later = (datetime.now(UTC) + timedelta(days=1)).replace(microsecond=0).isoformat().replace("+00:00", "Z")
    somebody = give_token("operator", "ann", expires_at=later, only={"prefix": "crm-", "tags": ["night"]})
    only = {"prefix": "crm-", "tags": ["night"]}
    assert somebody.simulate_get("/v1/me").json == {
        "name": "ann",
        "role": "operator",
        "only": only,
        "expires_at": later,
    }
    assert client.simulate_get("/v1/me").json == {"name": "admin", "role": "admin", "only": None, "expires_at": None}


def test_a_revoked_token_and_one_that_has_expired_hold_no_more(
    client: TestClient, give_token: GiveToken, execute: Callable[..., Any]
) -> None:
    revoked, expired = give_token("admin", "revoked"), give_token("viewer", "expired")
    [_, token] = sorted(client.simulate_get("/v1/tokens").json["items"], key=lambda each: each["name"])
    execute("UPDATE tokens SET expires_at = now() - interval '1 s' WHERE name = 'expired'")
    assert client.simulate_delete(f"/v1/tokens/{token['id']}").status_code == 204
    assert client.simulate_delete(f"/v1/tokens/{token['id']}").status_code == 404
    assert [each.simulate_get("/v1/me").status_code for each in (revoked, expired)] == [401, 401]
    actions = [(act["action"], act["target"]) for act in client.simulate_get("/v1/audit").json["items"]]
    assert actions[0] == ("token.revoke", "tokens/revoked")


def test_its_last_use_is_noted_once_a_minute(give_token: GiveToken, execute: Callable[..., Any]) -> None:
    somebody = give_token("viewer")
    for _ in range(3):
        somebody.simulate_get("/v1/me")
    [(first,)] = execute("SELECT last_used_at FROM tokens")
    execute("UPDATE tokens SET last_used_at = now() - interval '61 s'")
    somebody.simulate_get("/v1/me")
    [(second, xmin)] = execute("SELECT last_used_at, xmin::text FROM tokens")
    assert second > first
    somebody.simulate_get("/v1/me")
    assert execute("SELECT last_used_at, xmin::text FROM tokens") == [(second, xmin)]


def test_what_somebody_asks_for_bears_their_name(give_token: GiveToken, client: TestClient) -> None:
    somebody = give_token("editor", "ann")
    somebody.simulate_post("/v1/schedules", json={"name": "a", "actor": "x"})
    run = somebody.simulate_post("/v1/schedules/a/trigger").json
    assert run["created_by"] == "ann"
    [act] = client.simulate_get("/v1/audit?action=schedule.trigger").json["items"]
    assert (act["who"], act["role"], act["target"], act["after"]) == (
        "ann",
        "editor",
        "schedules/a",
        {"run": run["id"]},
    )


def test_the_admin_s_own_token_stays(client: TestClient) -> None:
    assert client.simulate_get("/v1/me", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200


def test_readiness_tells_names_to_whoever_has_a_token(
    client: TestClient, give_token: GiveToken, execute: Callable[..., Any]
) -> None:
    client.simulate_post("/v1/hold", json={"reason": "a new disk"})
    execute(
        "INSERT INTO schedulers (id, host, pid, started_at, ticked_at) VALUES (gen_random_uuid(), 'h', 1, now(), now())"
    )
    somebody = give_token("viewer")
    asked = {name: each.simulate_get("/health/ready").json["problems"] for name, each in [("viewer", somebody)]}
    assert asked == {"viewer": ["everything is held by admin: a new disk"]}
    unknown = client.simulate_get("/health/ready", headers={"Authorization": f"Bearer {make_token()}"})
    assert unknown.json["problems"] == ["everything is held"]
