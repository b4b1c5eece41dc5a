"""The browser's zone is offered on the timeline, by the script of the page."""

from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.end_to_end.deployment import TOKEN
from tests.servers.web import served


def test_the_load_is_shown_by_the_clock_of_the_browser(browser: Browser, database_url: str, tmp_path: Path) -> None:
    with served(database_url, TOKEN) as url:
        context = browser.new_context(base_url=url, timezone_id="Asia/Tokyo")
        page = context.new_page()
        page.goto("/sign-in?next=%2Ftimeline")
        page.get_by_label("Token").fill(TOKEN)
        page.get_by_role("button", name="Sign in").click()
        zones = page.get_by_label("Timezone")
        expect(zones).to_have_value("UTC")
        zones.select_option("Asia/Tokyo")
        page.get_by_role("button", name="Filter").click()
        expect(page.get_by_label("Timezone")).to_have_value("Asia/Tokyo")
        expect(page.get_by_text("Starts by hour, in Asia/Tokyo").first).to_be_visible()
        context.close()
