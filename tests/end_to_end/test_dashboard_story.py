"""What operators do in the dashboard of a whole callsheet, in a real browser: from signing in to rolling back."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.end_to_end.deployment import TOKEN, Deployment
from tests.servers import databases, shared, vhosts
from tests.waiting import eventually

SLOW = {"actor": "count_slowly", "args": {"to": 4000, "seconds": 0.05}}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """One callsheet for all tests of this file, whose worker knows a loop that is long."""
    node = shared.shared_rabbitmq()
    amqp_url = node["url"] if node["kind"] == "given" else vhosts.take_vhost(node)
    modules = {"CALLSHEET_ACTORS__MODULES": '["docs.examples.long_loop"]'}
    with (
        databases.database(migrated=True) as database_url,
        Deployment(tmp_path_factory.mktemp("story"), database_url, amqp_url, modules) as deployment,
    ):
        yield deployment.start("web", "scheduling", "worker").ready()


@pytest.fixture
def context(browser: Browser, running: Deployment) -> Iterator[BrowserContext]:
    """A browser that has, in the end, complained of nothing."""
    context = browser.new_context(base_url=str(running.api.base_url), viewport={"width": 1280, "height": 900})
    said: list[str] = []
    context.on("console", lambda each: said.append(each.text) if each.type in ("error", "warning") else None)
    context.on("weberror", lambda each: said.append(str(each.error)))
    yield context
    context.close()
    assert said == []


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """An admin's."""
    return sign_in(context.new_page(), TOKEN)


def sign_in(page: Page, token: str) -> Page:
    page.goto("/")
    page.get_by_label("Token").fill(token)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_load_state()
    return page


def title(page: Page) -> str:
    return page.get_by_role("heading", level=1).inner_text()


def go(page: Page, name: str) -> None:
    """By the menu."""
    page.get_by_role("navigation", name="Pages").get_by_role("link", name=name, exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)


def follow_run(page: Page) -> str:
    """From what a schedule's page says once to the run that was made; its id."""
    expect(page.get_by_role("status")).to_contain_text("was made")
    found = re.search(r"[0-9a-f-]{36}", page.get_by_role("status").inner_text())
    assert found is not None
    page.goto(f"/runs/{found[0]}")
    return found[0]


def test_signing_in_takes_a_token_that_holds_and_a_session_ends(browser: Browser, running: Deployment) -> None:
    context = browser.new_context(base_url=str(running.api.base_url))
    page = sign_in(context.new_page(), "cs_" + "x" * 46)
    expect(page.get_by_role("alert")).to_have_text("this is no token that holds")
    page.goto("/runs?state=failed")
    page.get_by_label("Token").fill(TOKEN)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(re.compile(r"/runs\?state=failed$"))  # where it was wanted
    running.execute("UPDATE sessions SET used_at = now() - interval '13 hours'")
    page.goto("/schedules")
    assert title(page) == "Sign in"
    context.close()


def test_a_viewer_finds_no_button_and_is_refused(browser: Browser, running: Deployment) -> None:
    running.create("seen-by-viewers", cron="0 3 * * *", **SLOW)
    made = running.api.post("/v1/tokens", json={"name": "wall", "role": "viewer"}).json()
    context = browser.new_context(base_url=str(running.api.base_url))
    page = sign_in(context.new_page(), made["token"])
    page.goto("/schedules/seen-by-viewers")
    assert page.locator("main form[method=post]").count() == 0
    page.goto("/tokens")
    assert title(page) == "Not allowed"
    key = page.locator("input[name=form_key]").first.input_value()
    answer = context.request.post("/schedules/seen-by-viewers/trigger", form={"form_key": key},
                                  headers={"Sec-Fetch-Site": "same-origin"})  # fmt: skip
    assert answer.status == 403
    assert running.runs(schedule="seen-by-viewers") == []
    context.close()


def test_a_schedule_is_made_seen_to_run_followed_and_cancelled(page: Page, running: Deployment) -> None:
    page.goto("/schedules/new")
    page.get_by_label("Name", exact=True).fill("counting")
    page.get_by_label("Actor", exact=True).fill("count_slowly")
    page.get_by_label("Cron", exact=True).fill("30 4 * * 1-5")
    page.get_by_label("Timezone", exact=True).fill("Europe/Berlin")
    expect(page.locator("#ahead li")).not_to_have_count(0)  # the preview follows what is typed
    expect(page.locator("#ahead")).to_contain_text("04:30")
    page.locator("[name=args]").fill('{"to": 4000, "seconds": 0.05}')
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("counting")
    assert running.api.get("/v1/schedules/counting").json()["timezone"] == "Europe/Berlin"

    page.get_by_role("button", name="Run now").first.click()
    run = follow_run(page)
    expect(page.locator("p.lead")).to_contain_text("running")  # by itself
    output = page.locator("pre.output").first
    expect(output).to_contain_text("10 of 4000")
    expect(output).to_contain_text("30 of 4000")  # while it goes on

    page.get_by_role("button", name="Cancel run").click()
    expect(page.locator("p.lead")).to_contain_text("cancelled")
    expect(page.locator("pre.output").first).to_contain_text("stopped at")
    assert running.finished(run)["state"] == "cancelled"


def test_a_pause_has_a_reason_and_a_skipped_slot_says_so(page: Page, running: Deployment) -> None:
    running.create("each-second", actor="log_message", args={"message": "tick"}, every_seconds=1)
    page.goto("/schedules/each-second")
    page.get_by_text("Pause …").click()
    page.get_by_label("Reason").fill("the partner is down")
    page.get_by_role("button", name="Pause", exact=True).click()
    expect(page.get_by_text("the partner is down").first).to_be_visible()
    paused_at = running.api.get("/v1/schedules/each-second").json()["paused_at"]
    eventually(lambda: running.query(f"SELECT now() > '{paused_at}'::timestamptz + interval '3 s'") == [(True,)])
    page.get_by_role("button", name="Resume").click()
    skipped = eventually(lambda: running.runs(schedule="each-second", state="skipped"))
    paused = next(each for each in skipped if each["reason"] == "paused")
    page.get_by_label("At", exact=True).fill(paused["slot_at"])
    page.get_by_role("button", name="Explain").click()
    expect(page.locator(".answer")).to_contain_text("skipped")
    expect(page.locator(".answer")).to_contain_text("the partner is down")
    running.api.post("/v1/schedules/each-second/pause").raise_for_status()


def test_all_that_match_a_filter_run_again_after_their_number_was_shown(page: Page, running: Deployment) -> None:
    running.create("fails", actor="http_request", args={"url": "http://127.0.0.1:1/"})
    for run in [running.trigger("fails", overlap="allow") for _ in range(3)]:
        assert running.finished(run)["state"] == "failed"
    go(page, "Runs")
    page.get_by_role("textbox", name="Schedule", exact=True).fill("fails")
    page.get_by_label("failed", exact=True).check()
    page.get_by_role("button", name="Filter").click()
    expect(page.locator("table.runs tbody tr")).to_have_count(3)
    page.get_by_role("button", name="Retry all that match").click()
    expect(page.locator("main")).to_contain_text("3 runs would be")
    page.get_by_role("button", name="Retry 3 runs").click()
    eventually(lambda: len(running.runs(schedule="fails")) == 6)


def test_a_version_is_rolled_back(page: Page, running: Deployment) -> None:
    running.create("changed", cron="0 3 * * *", **SLOW)
    running.api.patch("/v1/schedules/changed", json={"cron": "0 5 * * *"}).raise_for_status()
    page.goto("/schedules/changed")
    expect(page.locator("p.lead")).to_contain_text("0 5 * * *")
    page.get_by_role("link", name="Roll back to version 1").click()
    page.get_by_label("Reason").fill("five is too late")
    page.get_by_role("button", name="Roll back").click()
    expect(page.locator("p.lead")).to_contain_text("0 3 * * *")
    assert running.api.get("/v1/schedules/changed").json()["version"] == 3
    go(page, "Audit")
    expect(page.locator("main")).to_contain_text("five is too late")


def test_all_of_it_is_there_in_the_dark_on_a_small_screen_without_scripts(
    browser: Browser, running: Deployment
) -> None:
    running.create("small", cron="0 3 * * *", actor="log_message", args={"message": "hello"})
    context = browser.new_context(
        base_url=str(running.api.base_url), viewport={"width": 360, "height": 740}, color_scheme="dark",
        java_script_enabled=False,
    )  # fmt: skip
    page = sign_in(context.new_page(), TOKEN)
    page.goto("/schedules/small")
    page.get_by_role("button", name="Run now").first.click()
    run = follow_run(page)
    assert running.finished(run)["state"] == "succeeded"
    page.reload()
    expect(page.locator("p.lead")).to_contain_text("succeeded")
    expect(page.locator("pre.output").first).to_contain_text("hello")
    context.close()
