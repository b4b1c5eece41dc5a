"""Signing in and out: who gets a session, how long it lasts, and which forms it takes."""

import re
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from falcon.testing import TestClient
from pydantic import SecretStr

from api.access.sessions import make_link
from api.dashboard.signing_in import own_path
from models.access.sessions import prune_sessions
from tests.api.conftest import TOKEN
from tests.api.dashboard.conftest import MakeToken
from tests.api.dashboard.visitor import OURS, Visitor, title_of

Execute = Callable[..., Any]


def test_who_is_not_signed_in_is_asked_for_a_token_and_comes_back(visitor: Visitor) -> None:
    sent_away = visitor.get("/schedules?state=paused")
    assert (sent_away.status_code, sent_away.headers["location"]) == (
        303,
        "/sign-in?next=%2Fschedules%3Fstate%3Dpaused",
    )
    assert title_of(visitor.get(sent_away.headers["location"])) == "Sign in"
    back = visitor.post("/sign-in?next=%2Fschedules%3Fstate%3Dpaused", {"token": TOKEN}, **OURS)
    assert (back.status_code, back.headers["location"]) == (303, "/schedules?state=paused")
    assert title_of(visitor.get("/schedules?state=paused")) == "Schedules"


def test_a_wrong_token_is_told_apart_and_guessing_is_slowed(site: TestClient) -> None:
    visitor = Visitor(site, "192.0.2.7")
    answers = [visitor.sign_in("cs_" + "x" * 46) for _ in range(25)]
    assert {answer.status_code for answer in answers[:20]} == {401}
    assert "this is no token that holds" in answers[0].text
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["retry-after"]) > 0
    assert visitor.cookies == {}


def test_the_cookie_is_kept_from_scripts_and_other_sites(site: TestClient) -> None:
    for scheme, is_secure in (("http", False), ("https", True)):
        answer = site.simulate_post(
            "/sign-in", params={"token": TOKEN}, protocol=scheme, params_csv=False, headers=OURS,
            body=f"token={TOKEN}", content_type="application/x-www-form-urlencoded",
        )  # fmt: skip
        cookie = answer.cookies["callsheet_session"]
        assert (cookie.http_only, cookie.same_site, cookie.secure) == (True, "Strict", is_secure)
        assert TOKEN not in cookie.value


def test_the_database_has_no_cookie(admin: Visitor, execute: Execute) -> None:
    [row] = execute("SELECT * FROM sessions")
    assert admin.cookies["callsheet_session"] not in str(row)


@pytest.mark.parametrize(
    ("statement", "lasts"),
    [
        ("UPDATE sessions SET used_at = now() - interval '11 hours'", True),
        ("UPDATE sessions SET used_at = now() - interval '13 hours'", False),
        ("UPDATE sessions SET created_at = now() - interval '8 days'", False),
    ],
)
def test_a_session_ends_by_itself(admin: Visitor, execute: Execute, statement: str, lasts: bool) -> None:
    execute(statement)
    assert (admin.get("/schedules").status_code == 200) is lasts


def test_a_session_that_is_used_goes_on(admin: Visitor, execute: Execute) -> None:
    execute("UPDATE sessions SET used_at = now() - interval '11 hours'")
    admin.get("/schedules")
    assert execute("SELECT used_at > now() - interval '1 minute' FROM sessions") == [(True,)]


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM tokens",
        "UPDATE tokens SET expires_at = now()",
        "UPDATE sessions SET token_id = NULL, admin_hash = 'of a token that the settings had'",
    ],
)
def test_a_session_ends_with_its_token(
    visitor: Visitor, make_token: MakeToken, execute: Execute, statement: str
) -> None:
    visitor.sign_in(make_token("viewer"))
    assert visitor.get("/schedules").status_code == 200
    execute(statement)
    assert visitor.get("/schedules").status_code == 303


def test_signing_out_ends_the_session_for_good(admin: Visitor) -> None:
    before = dict(admin.cookies)
    assert admin.send("/schedules", "/sign-out").headers["location"] == "/sign-in"
    assert admin.get("/schedules").status_code == 303
    admin.cookies = before
    assert admin.get("/schedules").status_code == 303


def test_a_link_signs_in_once_and_soon(site: TestClient, engine: sa.Engine, execute: Execute) -> None:
    def link() -> str:
        with engine.begin() as connection:
            return f"/sign-in?code={make_link(connection, SecretStr(TOKEN))}"

    first, another = Visitor(site), Visitor(site)
    path = link()
    assert first.get(path).status_code == 303
    assert title_of(first.get("/schedules")) == "Schedules"
    assert another.get(path).status_code == 401
    path = link()
    execute("UPDATE sessions SET created_at = now() - interval '16 minutes' WHERE is_link")
    assert another.get(path).status_code == 401
    assert another.cookies == {}


def test_sessions_that_are_over_are_forgotten_and_no_others(
    admin: Visitor, engine: sa.Engine, execute: Execute
) -> None:
    execute(
        "INSERT INTO sessions (hash, admin_hash, is_link, created_at, used_at) VALUES"
        " ('idle', 'x', false, now(), now() - interval '13 hours'),"
        " ('old', 'x', false, now() - interval '8 days', now()),"
        " ('link', 'x', true, now(), now()), ('late', 'x', true, now() - interval '1 hour', now())"
    )
    with engine.begin() as connection:
        assert prune_sessions(connection) == 3
    assert ("link",) in execute("SELECT hash FROM sessions")
    assert admin.get("/schedules").status_code == 200


def test_a_link_is_no_session(visitor: Visitor, engine: sa.Engine) -> None:
    with engine.begin() as connection:
        visitor.cookies["callsheet_session"] = make_link(connection, SecretStr(TOKEN))
    assert visitor.get("/schedules").status_code == 303


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
def test_forms_of_other_sites_do_nothing(
    admin: Visitor, create: Callable[..., Any], execute: Execute, headers: dict[str, str]
) -> None:
    create("nightly")
    key = re.search(r'name="form_key" value="(\w+)"', admin.get("/schedules/nightly").text)
    assert key is not None
    assert admin.post("/schedules/nightly/pause", {"form_key": key[1]}, **headers).status_code == 403
    assert Visitor(admin.client).post("/sign-in", {"token": TOKEN}, **headers).status_code == 403
    assert execute("SELECT paused_at FROM schedules") == [(None,)]


@pytest.mark.parametrize("key", [None, "", "0" * 64, "\u00e9"])
def test_forms_without_the_key_of_the_session_do_nothing(
    admin: Visitor, create: Callable[..., Any], execute: Execute, key: str | None
) -> None:
    create("nightly")
    fields = {} if key is None else {"form_key": key}
    assert admin.post("/schedules/nightly/pause", fields, **OURS).status_code == 403
    assert admin.post("/sign-out", fields, **OURS).status_code == 403
    assert execute("SELECT paused_at FROM schedules") == [(None,)]


def test_the_key_of_another_session_does_nothing(admin: Visitor, site: TestClient, create: Callable[..., Any]) -> None:
    create("nightly")
    other = Visitor(site)
    other.sign_in(TOKEN)
    key = re.search(r'name="form_key" value="(\w+)"', other.get("/schedules/nightly").text)
    assert key is not None
    assert admin.post("/schedules/nightly/pause", {"form_key": key[1]}, **OURS).status_code == 403


@pytest.mark.parametrize(
    ("path", "goes_to"),
    [
        ("/schedules?q=a%20b", "/schedules?q=a%20b"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/a\r\nSet-Cookie: x=y", "/"),
        ("/\t/evil.example", "/"),
        ("schedules", "/"),
        ("", "/"),
    ],
)
def test_signing_in_leads_nowhere_else(path: str, goes_to: str) -> None:
    assert own_path(path) == goes_to
