"""The editor for whoever may not do all: what is theirs alone, and what belongs to files and code."""

from collections.abc import Callable
from typing import Any

import pytest
from falcon.testing import TestClient

from tests.api.dashboard.conftest import MakeToken
from tests.api.dashboard.editor.forms import fill, form_of
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
