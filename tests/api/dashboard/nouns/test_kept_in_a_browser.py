"""What a page that keeps itself up to date leaves alone, in a real browser."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.end_to_end.deployment import TOKEN
from tests.servers.web import served


@pytest.fixture
def page(browser: Browser, database_url: str, tmp_path: Path) -> Iterator[Page]:
    with served(database_url, TOKEN) as url:
        context = browser.new_context(base_url=url)
        page = context.new_page()
        page.goto("/")
        page.get_by_label("Token").fill(TOKEN)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_load_state()
        yield page
        context.close()


def test_a_token_that_was_made_stays_until_somebody_leaves(page: Page) -> None:
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Queues")
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Tokens").click()
    page.get_by_label("Name").fill("ci")
    page.get_by_label("Role").select_option("operator")
    page.get_by_role("button", name="Create").click()
    token = page.get_by_label("Token").input_value()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.locator("h1").click()
    page.keyboard.press("r")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.get_by_label("Token")).to_have_value(token)
    assert [url for url in asked if "/static/" not in url] == []
    me = httpx.get(f"{page.url.removesuffix('/tokens')}/v1/me", headers={"Authorization": f"Bearer {token}"}).json()
    assert (me["name"], me["role"]) == ("ci", "operator")
    page.get_by_role("link", name="To the tokens").click()
    expect(page.locator("tbody th")).to_have_text("ci")


def test_what_is_unfolded_stays_so_when_something_has_changed(page: Page, announce: Callable[..., Any]) -> None:
    announce()
    page.keyboard.press("g")
    page.keyboard.press("q")
    expect(page.get_by_role("heading", level=1)).to_have_text("Queues")
    page.get_by_role("link", name="Actors").click()
    page.get_by_text("Schema").click()
    announce("another")
    page.locator("h1").click()
    page.keyboard.press("r")
    expect(page.get_by_role("link", name="another")).to_be_visible()
    expect(page.locator("#arguments-log_message pre")).to_be_visible()
    expect(page.locator("#arguments-another pre")).to_be_hidden()
