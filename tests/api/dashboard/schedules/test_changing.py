"""Going back to a version, and deleting: each asks first, and again where somebody has edited meanwhile."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
import sqlalchemy as sa
from falcon.testing import Result, TestClient

from api.app import make_app
from config.sections import Dashboard
from config.settings import Settings
from tests.api.conftest import TOKEN
from tests.api.dashboard.conftest import MakeToken
from tests.api.dashboard.visitor import OURS, Visitor, title_of

Create = Callable[..., dict[str, Any]]


@pytest.fixture
def edited(create: Create, client: TestClient) -> None:
    """At version 3: its priority was raised, then its tags were changed."""
    create("nightly", priority=4, cron="0 3 * * *")
    for patch in ({"priority": 7}, {"tags": ["crm"]}):
        assert client.simulate_patch("/v1/schedules/nightly", json=patch).status_code == 200


def send(visitor: Visitor, page: Result, act: str, **fields: str) -> Result:
    """The form of the page, as it stands, with these."""
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text[page.text.index("</h1>") :]))
    return visitor.post(f"/schedules/nightly/{act}", {name: unescape(v) for name, v in hidden.items()} | fields, **OURS)


def test_versions_say_what_each_has_changed(admin: Visitor, edited: None) -> None:
    for path in ("/schedules/nightly", "/schedules/nightly/versions"):
        page = admin.get(path).text
        assert '<th scope="row">priority</th><td class="before">4</td><td class="after">7</td>' in page
        assert '<td class="before">[]</td><td class="after">["crm"]</td>' in unescape(page)
        rolls = re.findall(r'href="/schedules/nightly/rollback\?version=(\d)"', page)
        assert rolls == ["2", "1"]


@pytest.mark.parametrize("shown", [True, False])
def test_arguments_are_open_unless_the_settings_say_otherwise(
    engine: sa.Engine, settings: Settings, edited: None, client: TestClient, shown: bool
) -> None:
    client.simulate_patch("/v1/schedules/nightly", json={"args": {"message": "hello"}})
    changed = settings.model_copy(update={"dashboard": Dashboard(show_arguments=shown)})
    visitor = Visitor(TestClient(make_app(engine, changed)))
    visitor.sign_in(TOKEN)
    page = visitor.get("/schedules/nightly").text
    assert ('id="arguments" open>' in page) is shown
    changes = '<th scope="row">args</th><td colspan="2"><details><summary>Show</summary>'
    for path in ("/schedules/nightly", "/schedules/nightly/versions", "/schedules/nightly/rollback?version=1"):
        assert (changes in visitor.get(path).text) is not shown, path


def test_a_schedule_goes_back_to_a_version(admin: Visitor, edited: None, client: TestClient) -> None:
    page = admin.get("/schedules/nightly/rollback?version=1")
    assert title_of(page) == "Roll back nightly to version 1"
    assert '<th scope="row">priority</th><td class="before">7</td><td class="after">4</td>' in page.text
    answer = send(admin, page, "rollback", reason="too eager")
    assert (answer.status_code, answer.headers["location"]) == (303, "/schedules/nightly")
    assert admin.note("/schedules/nightly") == "It is as it was in version 1."
    stored = client.simulate_get("/v1/schedules/nightly").json
    assert (stored["version"], stored["priority"], stored["tags"]) == (4, 4, [])
    [act, *_] = client.simulate_get("/v1/audit?target=schedules/nightly").json["items"]
    assert (act["action"], act["reason"], act["who"]) == ("schedule.rollback", "too eager", "admin")
    assert "too eager" in admin.get("/schedules/nightly").text


def test_a_form_of_an_older_definition_asks_again(admin: Visitor, edited: None, client: TestClient) -> None:
    rollback, delete = (admin.get(f"/schedules/nightly/{act}") for act in ("rollback?version=1", "delete"))
    client.simulate_patch("/v1/schedules/nightly", json={"priority": 9})
    again = send(admin, rollback, "rollback", reason="too eager")
    assert (again.status_code, 'role="alert">Somebody has changed' in again.text) == (409, True)
    assert '<td class="before">9</td><td class="after">4</td>' in again.text
    assert 'value="too eager"' in again.text
    assert send(admin, delete, "delete").status_code == 409
    assert client.simulate_get("/v1/schedules/nightly").json["priority"] == 9
    assert send(admin, again, "rollback").status_code == 303


def test_a_form_without_a_definition_does_nothing(admin: Visitor, edited: None, client: TestClient) -> None:
    for act in ("delete", "rollback"):
        page = admin.get(f"/schedules/nightly/{act}?version=1")
        assert send(admin, page, act, if_match="").status_code == 409
    assert client.simulate_get("/v1/schedules/nightly").json["version"] == 3


def test_a_schedule_is_deleted_and_its_versions_stay(admin: Visitor, edited: None, client: TestClient) -> None:
    answer = send(admin, admin.get("/schedules/nightly/delete"), "delete")
    assert (answer.status_code, answer.headers["location"]) == (303, "/schedules")
    assert admin.note("/schedules") == "nightly is deleted."
    assert client.simulate_get("/v1/schedules/nightly").status_code == 404
    page = admin.get("/schedules/nightly/versions")
    assert (page.status_code, "The schedule is deleted" in page.text, "rollback?" in page.text) == (200, True, False)
    assert admin.get("/schedules/none/versions").status_code == 404


def test_many_versions_are_shown_page_by_page(admin: Visitor, create: Create, client: TestClient) -> None:
    create("nightly")
    for number in range(55):
        client.simulate_patch("/v1/schedules/nightly", json={"max_runs": number + 1})
    assert 'href="/schedules/nightly/versions">All versions' in admin.get("/schedules/nightly").text
    page = admin.get("/schedules/nightly/versions").text
    more = re.search(r'class="more" href="([^"]+)"', page)
    assert more is not None
    assert page.count("/rollback?") == 49
    assert admin.get(more[1]).text.count("/rollback?") == 6


@pytest.mark.parametrize("query", ["version=7", "version=0", "version=x", "more=1", "version=1&more=1"])
def test_what_can_not_be_gone_back_to_is_said(admin: Visitor, edited: None, query: str) -> None:
    expected = 404 if query == "version=7" else 422
    assert admin.get(f"/schedules/nightly/rollback?{query}").status_code == expected
    assert admin.get("/schedules/nightly/rollback").headers["location"] == "/schedules/nightly/versions"


def test_what_code_declares_is_not_changed_here(
    admin: Visitor, edited: None, client: TestClient, execute: Callable[..., Any]
) -> None:
    pages = [(act, admin.get(f"/schedules/nightly/{act}?version=1")) for act in ("rollback", "delete")]
    execute("UPDATE schedules SET source = 'code', announced_at = now()")
    for act, page in pages:
        answer = send(admin, page, act)
        assert (answer.status_code, title_of(answer)) == (409, "Not possible now")
    assert client.simulate_get("/v1/schedules/nightly").json["version"] == 3


def test_it_takes_an_editor_who_will_still_see_it(
    visitor: Visitor, edited: None, make_token: MakeToken, client: TestClient
) -> None:
    visitor.sign_in(make_token("operator"))
    page = visitor.get("/schedules/nightly").text
    assert [f"/schedules/nightly/{act}" in page for act in ("rollback", "delete", "edit")] == [False] * 3
    for path in ("rollback?version=1", "delete"):
        assert visitor.get(f"/schedules/nightly/{path}").status_code == 403
        act = path.partition("?")[0]
        assert visitor.send("/schedules/nightly", f"/schedules/nightly/{act}").status_code == 403
    visitor.sign_in(make_token("editor", only={"tags": ["crm"]}))
    assert send(visitor, visitor.get("/schedules/nightly/rollback?version=1"), "rollback").status_code == 403
    assert client.simulate_get("/v1/schedules/nightly").json["version"] == 3
