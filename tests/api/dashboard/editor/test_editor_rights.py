"""The editor for whoever may not do all: what is theirs alone, and what belongs to files and code."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from falcon.testing import TestClient

from api.app import make_app
from config.sections import Dashboard
from config.settings import Settings
from tests.api.conftest import TOKEN
from tests.api.dashboard.conftest import MakeToken
from tests.api.dashboard.editor.forms import fill, form_of, send
from tests.api.dashboard.visitor import Visitor, title_of

Create = Callable[..., dict[str, Any]]
NEW, EDIT = "/schedules/new", "/schedules/nightly/edit"


def test_what_code_declares_is_not_saved_here(admin: Visitor, create: Create, execute: Callable[..., Any]) -> None:
    create("nightly")
    execute("UPDATE schedules SET source = 'code'")
    page = admin.get(EDIT)
    assert ("declared in code" in page.text, ">Save<" in page.text) == (True, False)
    answer = fill(admin, EDIT, priority="1")
    assert (answer.status_code, "declared in code" in answer.text) == (409, True)
    assert form_of(answer)["priority"] == "1"


def test_what_a_file_holds_is_said(admin: Visitor, create: Create, execute: Callable[..., Any]) -> None:
    create("nightly")
    execute("UPDATE schedules SET source = 'file:crm'")
    assert "It comes from the file crm" in admin.get(EDIT).text
    assert fill(admin, EDIT, priority="1").status_code == 303


@pytest.mark.parametrize("role", ["viewer", "operator"])
def test_who_may_not_write_is_refused(visitor: Visitor, make_token: MakeToken, create: Create, role: str) -> None:
    create("nightly")
    visitor.sign_in(make_token(role))
    for path in (NEW, EDIT):
        assert (visitor.get(path).status_code, title_of(visitor.get(path))) == (403, "Not allowed")
        assert visitor.send("/schedules/nightly", path, name="x", actor="x").status_code == 403


def test_an_editor_reaches_no_further_than_they_see(
    visitor: Visitor, make_token: MakeToken, create: Create, client: TestClient
) -> None:
    create("theirs", tags=["crm"])
    create("ours-1")
    visitor.sign_in(make_token("editor", only={"prefix": "ours-", "tags": ["crm"]}))
    answer = fill(visitor, NEW, name="elsewhere", actor="x", description="mine")
    assert (answer.status_code, "only sees schedules" in answer.text) == (403, True)
    assert form_of(answer)["description"] == "mine"
    assert client.simulate_get("/v1/schedules/elsewhere").status_code == 404
    answer = fill(visitor, "/schedules/theirs/edit", tags="")
    assert (answer.status_code, form_of(answer)["tags"]) == (403, "")
    assert client.simulate_get("/v1/schedules/theirs").json["tags"] == ["crm"]
    assert fill(visitor, NEW, name="ours-2", actor="x").status_code == 303
    visitor.sign_in(make_token("editor", name="another", only={"prefix": "ours-"}))
    assert visitor.get("/schedules/theirs/edit").status_code == 404
    assert visitor.get(f"{NEW}?from=theirs").status_code == 404


def test_no_text_of_anybody_becomes_a_part_of_the_form(
    admin: Visitor, create: Create, announce: Callable[..., None], client: TestClient
) -> None:
    evil = "</textarea><script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    properties = {evil: {"type": "string", "description": evil, "default": evil}, "level": {"enum": [evil]}}
    announce(evil, {"type": "object", "properties": properties})
    create("nightly", actor=evil, description=evil, args={evil: evil, "level": evil, "x": evil}, tags=[evil])
    fields = form_of(admin.get(EDIT))
    client.simulate_patch("/v1/schedules/nightly", json={"description": f"{evil} again", "args": {"x": [evil]}})
    for answer in (
        admin.get(EDIT),
        send(admin, EDIT, fields, description="mine", priority=evil),
        send(admin, NEW, fields, name=evil, timezone=evil, cron=evil, at=evil),
        admin.send("/schedules", "/schedules/preview", cron=evil, timezone=evil),
    ):
        assert "<img" not in answer.text
        assert answer.text.count("<script") in (3, 0)
    assert form_of(admin.get(f"{NEW}?from=nightly"))["args"] == json.dumps({"x": [evil]}, indent=2)


def test_a_schedule_named_new_is_reached_all_the_same(admin: Visitor, create: Create, client: TestClient) -> None:
    assert "named new" not in admin.get(NEW).text
    create("new", cron="0 3 * * *")
    assert 'href="/schedules/new/page">The schedule that is named new' in admin.get(NEW).text
    assert title_of(admin.get(NEW)) == "New schedule"
    assert title_of(admin.get("/schedules/new/page")) == "new"
    assert title_of(admin.get("/schedules/new/edit")) == "Edit new"
    answer = fill(admin, "/schedules/new/edit", priority="1")
    assert answer.headers["location"] == "/schedules/new/page"
    admin.send("/schedules/new/page", "/schedules/new/pause")
    assert client.simulate_get("/v1/schedules/new").json["paused_by"] == "admin"


def test_a_schedule_named_like_a_part_of_a_page_is_shown(admin: Visitor, create: Create) -> None:
    create("preview")
    assert title_of(admin.get("/schedules/preview")) == "preview"


def test_arguments_are_folded_where_the_settings_say_so(
    engine: sa.Engine, settings: Settings, create: Create, client: TestClient
) -> None:
    hiding = settings.model_copy(update={"dashboard": Dashboard(show_arguments=False)})
    visitor = Visitor(TestClient(make_app(engine, hiding)))
    visitor.sign_in(TOKEN)
    create("nightly", args={"message": "hello"})
    opened = visitor.get(EDIT)
    assert '<details class="folded"><summary>Arguments' in opened.text
    assert '<details class="folded"><summary>Arguments' not in visitor.get(NEW).text
    client.simulate_patch("/v1/schedules/nightly", json={"args": {"message": "theirs"}})
    assert send(visitor, EDIT, form_of(opened), priority="2").text.count("<summary>shown on a click") == 3
    wrong = fill(visitor, EDIT, args="{")
    assert '<details class="folded"><summary>Arguments' not in wrong.text
