"""Runs in a real browser: output as it comes, what stays open, copying, and many at once without scripts."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from models.words.states import State
from tests.end_to_end.deployment import TOKEN
from tests.servers.web import served

AddRun = Callable[..., UUID]
Execute = Callable[..., Any]
PRINT = (
    "INSERT INTO run_outputs (run_id, attempt, output, output_truncated) VALUES (%(run)s, 1, %(text)s, false)"
    " ON CONFLICT (run_id, attempt) DO UPDATE SET output = excluded.output"
)


@pytest.fixture
def server(database_url: str) -> Iterator[str]:
    with served(database_url, TOKEN) as url:
        yield url


@pytest.fixture
def context(browser: Browser, server: str) -> Iterator[BrowserContext]:
    context = browser.new_context(base_url=server, viewport={"width": 1280, "height": 800})
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    said: list[str] = []
    context.on("console", lambda each: said.append(each.text) if each.type in ("error", "warning") else None)
    context.on("weberror", lambda each: said.append(str(each.error)))
    yield context
    context.close()
    assert said == []


def sign_in(page: Page) -> Page:
    page.goto("/")
    page.get_by_label("Token").fill(TOKEN)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_load_state()
    return page


def is_at_end(page: Page) -> bool:
    at_end = "each => each.scrollTop > 0 && each.scrollTop + each.clientHeight >= each.scrollHeight - 4"
    return bool(page.locator("pre[data-follow]").evaluate(at_end))


def test_output_comes_as_it_is_printed_and_what_was_opened_stays_open(
    context: BrowserContext, add_run: AddRun, execute: Execute, finish: Callable[..., None]
) -> None:
    run = add_run(30, columns={"worker_id": uuid4(), "attempt": 1, "state": "running"})
    execute("UPDATE runs SET started_at = due_at")
    lines = [f"line {number}\n" for number in range(100)]
    execute(PRINT, run=run, text="".join(lines[:50]))
    page = sign_in(context.new_page())
    page.goto(f"/runs/{run}")
    expect(page.locator("pre[data-follow]")).to_contain_text("line 49")
    assert is_at_end(page)
    page.get_by_text("Look at it").click()
    page.locator("#arguments > summary").click()
    execute(PRINT, run=run, text="".join(lines))
    expect(page.locator("pre[data-follow]")).to_contain_text("line 99")
    expect(page.locator("#look-curl")).to_be_visible()
    expect(page.locator("#arguments > pre")).to_be_hidden()
    assert is_at_end(page)
    page.locator("#look-lines").get_by_role("button", name="Copy").first.click()
    expect(page.locator("#look-lines button").first).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()").startswith("curl http://127.0.0.1:")
    page.get_by_role("button", name="Cancel run").click()
    expect(page.get_by_role("status")).to_contain_text("asked to stop")
    expect(page.locator(".because")).to_contain_text("It has been asked to stop.")
    execute("DELETE FROM run_outputs")
    finish(run, State.CANCELLED, output="over")
    expect(page.get_by_role("button", name="Retry run")).to_be_visible()
    expect(page.locator("pre.output")).to_contain_text("over")


def test_all_that_match_are_run_again_without_scripts(
    browser: Browser, server: str, add_run: AddRun, finish: Callable[..., None]
) -> None:
    for _ in range(3):
        finish(add_run(60), State.FAILED, type="OSError", message="no")
    context = browser.new_context(base_url=server, java_script_enabled=False)
    page = sign_in(context.new_page())
    page.get_by_role("link", name="Runs", exact=True).click()
    page.get_by_label("failed").check()
    page.get_by_label("Error").fill("OSError")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator("tbody tr")).to_have_count(3)
    page.get_by_role("button", name="Retry all that match …").click()
    page.get_by_role("button", name="Retry 3 runs").click()
    expect(page.get_by_role("status")).to_have_text("3 runs were run again.")
    page.goto("/runs")
    expect(page.locator("tbody tr")).to_have_count(6)
    page.locator("tbody th a").first.click()
    expect(page.get_by_role("button", name="Cancel run")).to_be_visible()
    expect(page.locator("[data-copy]").first).to_be_hidden()
    context.close()
