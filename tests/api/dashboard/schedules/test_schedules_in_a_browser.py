"""The pages of schedules in a real browser: ask, run with other arguments, go back to a version, change many."""

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
        body = {"name": "nightly", "actor": "log_message", "cron": "30 2 * * *", "args": {"message": "hello"}}
        client.post("/v1/schedules", json=body | {"timezone": "Europe/Berlin"}).raise_for_status()
        client.patch("/v1/schedules/nightly", json={"priority": 9}).raise_for_status()
        yield client


@pytest.fixture(params=[True, False], ids=["with scripts", "without scripts"])
def context(browser: Browser, server: str, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    context = browser.new_context(base_url=server, java_script_enabled=request.param)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, api: httpx.Client) -> Page:
    page = context.new_page()
    page.goto("/schedules/nightly")
    page.get_by_label("Token").fill(TOKEN)
    page.get_by_role("button", name="Sign in").click()
    return page


def test_somebody_asks_runs_it_otherwise_and_goes_back_to_a_version(page: Page, api: httpx.Client) -> None:
    page.get_by_label("At", exact=True).fill("2001-03-25 02:30")
    page.get_by_role("button", name="Explain").click()
    expect(page.get_by_text("a clock change goes over it")).to_be_visible()
    page.get_by_label("At", exact=True).fill("2001-10-28 02:30")
    page.get_by_role("button", name="Explain").click()
    expect(page.locator(".answer")).to_have_count(2)
    expect(page.locator(".answer").first).to_contain_text("The schedule was only created at")
    page.get_by_text("Run with other arguments").click()
    page.get_by_label("Args").fill("{")
    page.locator("details[open]").get_by_role("button", name="Run now").click()
    expect(page.locator("#args-error-1")).to_contain_text("is not valid JSON")
    page.get_by_label("Args").fill('{"message": "otherwise"}')
    page.locator("details[open]").get_by_role("button", name="Run now").click()
    expect(page.get_by_role("status")).to_contain_text("was made")
    [run] = api.get("/v1/runs").json()["items"]
    assert run["args"] == {"message": "otherwise"}
    page.get_by_role("link", name="Roll back to version 1").click()
    page.get_by_label("Reason").fill("too eager")
    page.get_by_role("button", name="Roll back").click()
    expect(page.get_by_role("status")).to_have_text("It is as it was in version 1.")
    assert api.get("/v1/schedules/nightly").json()["priority"] == 5


def test_somebody_pauses_all_that_match(page: Page, api: httpx.Client) -> None:
    page.goto("/schedules?prefix=night")
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("1 schedule", exact=True)).to_be_visible()
    page.get_by_label("Reason").fill("holidays")
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("status")).to_have_text("1 schedule was paused.")
    assert api.get("/v1/schedules/nightly").json()["pause_reason"] == "holidays"
