"""The editor in a real browser: what shows while somebody writes, where it goes after a fault, and by keys alone."""

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.end_to_end.deployment import TOKEN
from tests.servers.web import served

PARAMETERS = {
    "type": "object",
    "properties": {"message": {"type": "string"}, "count": {"type": "integer", "default": 3}},
    "required": ["message"],
}


@pytest.fixture
def server(database_url: str, tmp_path: Path, announce: Callable[..., None]) -> Iterator[str]:
    announce(parameters=PARAMETERS, options={"max_retries": 4})
    with served(database_url, TOKEN) as url:
        yield url


@pytest.fixture
def api(server: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server, headers={"Authorization": f"Bearer {TOKEN}"}) as client:
        body = {"name": "nightly", "actor": "log_message", "cron": "0 3 * * *", "args": {"message": "hello"}}
        client.post("/v1/schedules", json=body).raise_for_status()
        yield client


@pytest.fixture
def context(browser: Browser, server: str, api: httpx.Client) -> Iterator[BrowserContext]:
    """What the browser complains of but for answers that say no: nothing, in the end."""
    found: list[str] = []
    context = browser.new_context(base_url=server, viewport={"width": 1280, "height": 800})
    context.on("console", lambda each: found.append(each.text) if each.type in ("error", "warning") else None)
    context.on("weberror", lambda each: found.append(str(each.error)))
    yield context
    context.close()
    assert [text for text in found if "Failed to load resource" not in text] == []


def sign_in(page: Page, path: str) -> Page:
    page.goto(f"/sign-in?next={path}")
    page.get_by_label("Token").fill(TOKEN)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("form.editor")).to_be_visible()
    return page


def test_a_schedule_is_created_with_what_is_to_come_in_view(context: BrowserContext, api: httpx.Client) -> None:
    page = sign_in(context.new_page(), "/schedules/new")
    page.get_by_label("Name", exact=True).fill("weekly")
    page.get_by_label("Actor", exact=True).fill("log_message")
    page.get_by_label("Description", exact=True).click()
    expect(page.get_by_label("Message", exact=True)).to_be_visible()
    expect(page.locator("#max_retries-help")).to_contain_text("Empty: 4, the actor's.")
    page.get_by_label("Cron", exact=True).press_sequentially("30 2 * * ", delay=10)
    expect(page.locator("#ahead .error")).to_contain_text("Cron")
    page.get_by_label("Cron", exact=True).press_sequentially("*")
    expect(page.locator("#ahead .words")).to_have_text("At 02:30, in UTC.")
    page.get_by_label("Timezone", exact=True).fill("Europe/Berlin")
    page.get_by_label("Starts at", exact=True).fill("2090-03-20T00:00:00Z")
    expect(page.locator("#ahead")).to_contain_text("02:30 does not exist on this day")
    expect(page.locator("#ahead li")).to_have_count(10)
    page.get_by_label("Message", exact=True).fill("hello")
    page.get_by_label("Count", exact=True).fill(str(2**80))
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("weekly")
    assert api.get("/v1/schedules/weekly").json()["args"] == {"message": "hello", "count": 2**80}


def test_what_is_wrong_stands_beside_its_field_and_the_first_has_the_focus(context: BrowserContext) -> None:
    page = sign_in(context.new_page(), "/schedules/nightly/edit")
    page.get_by_label("Description", exact=True).fill("kept")
    page.get_by_label("Priority", exact=True).fill("99")
    page.get_by_label("Max runs", exact=True).fill("many")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("It can't be saved like this")
    expect(page.get_by_label("Priority", exact=True)).to_be_focused()
    expect(page.get_by_label("Priority", exact=True)).to_have_accessible_description(
        "Input should be less than or equal to 9 9 goes first. 0 to 9. Empty: 5."
    )
    expect(page.locator("#max_runs-error")).to_have_text("must be a whole number")
    expect(page.get_by_label("Description", exact=True)).to_have_value("kept")
    page.keyboard.press("Tab")
    page.keyboard.press("r")
    expect(page.get_by_label("Description", exact=True)).to_have_value("kept")


def test_two_edit_one_schedule_and_nothing_is_lost(context: BrowserContext, api: httpx.Client) -> None:
    page = sign_in(context.new_page(), "/schedules/nightly/edit")
    api.patch("/v1/schedules/nightly", json={"description": "theirs", "priority": 1}).raise_for_status()
    page.get_by_label("Description", exact=True).fill("mine")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Somebody else has saved it meanwhile")).to_be_visible()
    expect(page.locator("tr", has_text="Description")).to_contain_text('"theirs"')
    page.get_by_label("Tags", exact=True).press("Enter")
    expect(page.get_by_role("button", name="Take theirs")).to_be_visible()
    assert api.get("/v1/schedules/nightly").json()["description"] == "theirs"
    page.get_by_role("button", name="Save mine over it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("nightly")
    stored = api.get("/v1/schedules/nightly").json()
    assert (stored["description"], stored["priority"]) == ("mine", 1)


def test_by_keys_alone(context: BrowserContext, api: httpx.Client) -> None:
    page = sign_in(context.new_page(), "/schedules/new")
    expect(page.get_by_label("Name", exact=True)).to_be_focused()
    page.keyboard.type("by-keys")
    for text in ("", "about", "log_message"):
        page.keyboard.press("Tab")
        page.keyboard.type(text)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Message", exact=True)).to_be_focused()
    page.keyboard.type("hello")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("by-keys")
    assert api.get("/v1/schedules/by-keys").json()["description"] == "about"


def test_without_scripts_buttons_do_it(browser: Browser, server: str, api: httpx.Client) -> None:
    context = browser.new_context(base_url=server, java_script_enabled=False, viewport={"width": 360, "height": 740})
    page = sign_in(context.new_page(), "/schedules/new")
    page.get_by_label("Name", exact=True).fill("weekly")
    page.get_by_label("Actor", exact=True).fill("log_message")
    page.get_by_role("button", name="Show fields").click()
    page.get_by_label("Message", exact=True).fill("hello")
    page.get_by_label("Every seconds", exact=True).fill("900")
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("#ahead li")).to_have_count(10)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("weekly")
    assert api.get("/v1/schedules/weekly").json()["every_seconds"] == 900
    context.close()
