"""The dashboard in a real browser: what people do, by mouse, by keys alone, on a small screen, without scripts."""

import re
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.end_to_end.deployment import TOKEN
from tests.servers.web import served


@pytest.fixture
def server(database_url: str) -> Iterator[str]:
    with served(database_url, TOKEN) as url:
        yield url


@pytest.fixture
def api(server: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server, headers={"Authorization": f"Bearer {TOKEN}"}) as client:
        for name, cron in (("nightly", "0 3 * * *"), ("weekly", "0 4 * * 1")):
            body = {"name": name, "actor": "log_message", "cron": cron, "args": {"message": "hello"}}
            client.post("/v1/schedules", json=body).raise_for_status()
        yield client


@pytest.fixture
def said(context: BrowserContext) -> Iterator[list[str]]:
    """What the browser has complained of, on any page: nothing, in the end."""
    found: list[str] = []
    context.on("console", lambda each: found.append(each.text) if each.type in ("error", "warning") else None)
    context.on("weberror", lambda each: found.append(str(each.error)))
    yield found
    assert found == []


@pytest.fixture
def context(browser: Browser, server: str) -> Iterator[BrowserContext]:
    context = browser.new_context(base_url=server, viewport={"width": 1280, "height": 800})
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, said: list[str], api: httpx.Client) -> Page:
    return sign_in(context.new_page())


def sign_in(page: Page, token: str = TOKEN) -> Page:
    page.goto("/schedules")
    page.get_by_label("Token").fill(token)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_load_state()
    return page


def test_somebody_signs_in_finds_a_schedule_pauses_it_and_runs_it(page: Page, api: httpx.Client) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text("Schedules")
    page.get_by_label("Search").fill("night")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_role("link", name="nightly").click()
    page.get_by_text("Pause …").click()
    page.get_by_label("Reason").fill("lunch")
    page.get_by_label("Until").fill("2h")
    page.get_by_role("button", name="Pause", exact=True).click()
    expect(page.get_by_role("status")).to_have_text("It is paused.")
    assert api.get("/v1/schedules/nightly").json()["pause_reason"] == "lunch"
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_role("status")).to_have_text("It goes on.")
    page.get_by_role("button", name="Run now").click()
    expect(page.get_by_role("status")).to_contain_text("was made")
    assert len(api.get("/v1/runs").json()["items"]) == 1
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_a_wrong_token_is_said(context: BrowserContext) -> None:
    page = sign_in(context.new_page(), "cs_none")
    expect(page.get_by_role("alert")).to_have_text("this is no token that holds")


def test_what_changes_elsewhere_shows_and_what_does_not_is_not_sent(page: Page, api: httpx.Client) -> None:
    statuses: list[int] = []
    page.on("response", lambda answer: statuses.append(answer.status))
    for status in (200, 304):
        with page.expect_response(lambda answer, status=status: answer.status == status):
            page.keyboard.press("r")
    api.post("/v1/schedules/nightly/pause").raise_for_status()
    page.keyboard.press("r")
    expect(page.locator("tr", has_text="nightly")).to_contain_text("paused")
    assert set(statuses) == {200, 304}


def test_keys_alone_do(page: Page) -> None:
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.type("week")
    page.keyboard.press("Enter")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.locator("h1").click()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("weekly")
    page.keyboard.press("g")
    page.keyboard.press("s")
    expect(page.get_by_role("heading", level=1)).to_have_text("Schedules")


def test_times_and_theme_are_kept(page: Page) -> None:
    page.get_by_role("button", name="Theme: system").click()
    page.get_by_role("button", name="Theme: light").click()
    page.reload()
    expect(page.get_by_role("button", name="Theme: dark")).to_be_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(18, 22, 28)"
    first = page.locator("td time").first
    expect(first).to_contain_text("UTC")
    page.get_by_role("button", name="Times: UTC").click()
    page.get_by_role("button", name="Times: schedule").click()
    page.reload()
    expect(page.get_by_role("button", name="Times: browser")).to_be_visible()


def test_what_is_next_counts_down(page: Page, api: httpx.Client) -> None:
    body = {"name": "soon", "actor": "log_message", "args": {"message": "hello"}, "every_seconds": 7200}
    api.post("/v1/schedules", json=body).raise_for_status()
    page.keyboard.press("g")
    page.keyboard.press("o")
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")
    expect(page.locator("tr", has_text="soon").locator("time")).to_have_text(re.compile(r"^in \d+ (s|min)$"))


def test_without_scripts_all_is_there(browser: Browser, server: str, api: httpx.Client) -> None:
    context = browser.new_context(base_url=server, java_script_enabled=False)
    page = sign_in(context.new_page())
    page.get_by_role("link", name="nightly").click()
    page.get_by_text("Pause …").click()
    page.get_by_role("button", name="Pause", exact=True).click()
    expect(page.get_by_role("status")).to_have_text("It is paused.")
    expect(page.locator("time").first).to_contain_text("UTC")
    context.close()
