"""Many schedules at once: what a filter finds is counted and asked for before anything is done."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from falcon.testing import Result, TestClient

from tests.api.dashboard.conftest import MakeToken
from tests.api.dashboard.visitor import OURS, Visitor, title_of

Create = Callable[..., dict[str, Any]]


@pytest.fixture
def made(create: Create) -> None:
    for number in range(4):
        create(f"n{number}", tags=["odd" if number % 2 else "even"], cron="0 2 * * *")


def ask(visitor: Visitor, **fields: str) -> Result:
    return visitor.get(f"/schedules/-/bulk?{urlencode(fields)}")


def send(visitor: Visitor, page: Result, **fields: str) -> Result:
    """The form of the page, as it stands, with these."""
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text[page.text.index("</h1>") :]))
    return visitor.post("/schedules/-/bulk", hidden | fields, **OURS)


def paused(client: TestClient) -> list[str]:
    return [each["name"] for each in client.simulate_get("/v1/schedules?state=paused").json["items"]]


def test_what_a_filter_finds_is_paused_with_a_reason_and_an_end(admin: Visitor, made: None, client: TestClient) -> None:
    page = ask(admin, action="pause", tag="odd")
    assert "<strong>2 schedules</strong>" in page.text
    assert [f">{name}</a>" in page.text for name in ("n0", "n1", "n2", "n3")] == [False, True, False, True]
    assert paused(client) == []
    answer = send(admin, page, reason="holidays", until="2d")
    assert (answer.status_code, answer.headers["location"]) == (303, "/schedules?tag=odd")
    assert admin.note("/schedules?tag=odd") == "2 schedules were paused."
    assert paused(client) == ["n1", "n3"]
    stored = client.simulate_get("/v1/schedules/n3").json
    assert (stored["pause_reason"], stored["paused_by"], stored["paused_until"] is None) == ("holidays", "admin", False)
    send(admin, ask(admin, action="resume", state="paused"))
    assert admin.note("/schedules") == "2 schedules were resumed."
    assert paused(client) == []


def test_all_are_run_and_deleted(admin: Visitor, made: None, client: TestClient) -> None:
    send(admin, ask(admin, action="trigger", q="n"))
    assert admin.note("/schedules") == "4 schedules were run."
    assert len(client.simulate_get("/v1/runs").json["items"]) == 4
    page = ask(admin, action="delete")
    assert "No filter is set" in page.text
    send(admin, page)
    assert admin.note("/schedules") == "4 schedules were deleted."
    assert client.simulate_get("/v1/schedules").json["items"] == []


def test_what_will_be_refused_is_said_before_and_what_was_after(
    admin: Visitor, made: None, client: TestClient, execute: Callable[..., Any]
) -> None:
    execute("UPDATE schedules SET source = 'code', announced_at = now() WHERE name = 'n1'")
    page = ask(admin, action="delete", prefix="n")
    assert "<strong>3 schedules</strong>; 1 of 4 that match will be refused" in page.text
    assert "declared in code" in page.text
    done = send(admin, page)
    assert (done.status_code, title_of(done)) == (200, "Not all")
    assert "3 schedules were deleted." in done.text
    assert 'href="/schedules/n1"' in done.text
    assert [each["name"] for each in client.simulate_get("/v1/schedules").json["items"]] == ["n1"]


def test_where_others_match_meanwhile_it_asks_again(
    admin: Visitor, made: None, create: Create, client: TestClient
) -> None:
    page = ask(admin, action="delete", tag="odd")
    create("new", tags=["odd"])
    again = send(admin, page)
    assert again.status_code == 409
    assert "It was 2 when you decided, and is 3 now" in again.text
    assert len(client.simulate_get("/v1/schedules").json["items"]) == 5
    assert send(admin, again).status_code == 303
    assert len(client.simulate_get("/v1/schedules").json["items"]) == 2


@pytest.mark.parametrize("until", ["2001-01-01T00:00:00Z", "someday"])
def test_an_end_that_can_not_be_is_said_beside_its_field(
    admin: Visitor, made: None, client: TestClient, until: str
) -> None:
    answer = send(admin, ask(admin, action="pause"), until=until, reason="lunch")
    assert answer.status_code == 422
    assert 'id="until-error"' in answer.text
    assert ('value="lunch"' in answer.text, f'value="{until}"' in answer.text) == (True, True)
    assert paused(client) == []


def test_nobody_does_to_many_what_they_may_not_do_to_one(
    visitor: Visitor, made: None, make_token: MakeToken, create: Create, client: TestClient
) -> None:
    visitor.sign_in(make_token("viewer"))
    assert ask(visitor, action="pause").status_code == 403
    visitor.sign_in(make_token("operator", only={"tags": ["odd"]}))
    assert ask(visitor, action="delete").status_code == 403
    page = ask(visitor, action="pause")
    assert "<strong>2 schedules</strong>" in page.text
    assert send(visitor, page, action="delete").status_code == 403
    send(visitor, page)
    assert paused(client) == ["n1", "n3"]


@pytest.mark.parametrize(
    "fields", [{"action": "patch"}, {"action": "resume", "more": "1"}, {"action": "pause", "state": "asleep"}]
)
def test_what_nobody_does_is_refused(admin: Visitor, fields: dict[str, str]) -> None:
    assert ask(admin, **fields).status_code == 422


def test_without_an_action_there_is_the_list(admin: Visitor) -> None:
    assert ask(admin, tag="odd").headers["location"] == "/schedules?tag=odd"
