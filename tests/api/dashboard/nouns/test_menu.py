"""The menu leads to the pages that a visitor may open, and to no others."""

import re
from typing import Any

import pytest

from tests.api.dashboard.conftest import MakeToken
from tests.api.dashboard.visitor import Visitor

CONCERN_ALL = {"/queues", "/workers", "/channels"}


def menu(page: str) -> list[str]:
    return re.findall(r'<li><a href="(/[a-z]*)"', page[: page.index("</nav>")])


def test_an_admin_is_led_to_all(admin: Visitor) -> None:
    page = admin.get("/schedules").text
    assert {"/schedules", "/failures", "/actors", "/audit", "/tokens"} | CONCERN_ALL <= set(menu(page))
    assert '<a href="/tokens">' in page
    assert '<a href="/queues" data-key="q">' in page
    assert '<a href="/schedules" data-key="s" aria-current="page">' in page


@pytest.mark.parametrize("only", [None, {"prefix": "crm-"}], ids=["all", "a part"])
@pytest.mark.parametrize("role", ["viewer", "operator", "editor", "admin"])
def test_each_page_it_leads_to_opens(visitor: Visitor, make_token: MakeToken, role: str, only: Any) -> None:
    visitor.sign_in(make_token(role, **({"only": only} if only else {})))
    led_to = menu(visitor.get("/schedules").text)
    assert ("/tokens" in led_to) is (role == "admin" and not only)
    assert (set(led_to) & CONCERN_ALL == CONCERN_ALL) is (not only)
    for path in led_to:
        assert visitor.get(path).status_code == 200, path


def test_it_is_the_same_where_something_is_refused(visitor: Visitor, make_token: MakeToken) -> None:
    visitor.sign_in(make_token("viewer"))
    refused = visitor.get("/tokens")
    assert (refused.status_code, menu(refused.text)) == (403, menu(visitor.get("/schedules").text))
