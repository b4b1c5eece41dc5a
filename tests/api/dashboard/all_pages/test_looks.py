"""What holds for every page in a browser: nothing complains, and nobody is kept out, in both themes, on a small screen,
by keys alone."""

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page

from api.dashboard.frame.visits import PageRoute
from tests.api.dashboard.all_pages.data import Told
from tests.api.dashboard.all_pages.places import GETS, place_of
from tests.api.dashboard.visitor import Visitor

THEMES = ("light", "dark")
SMALL, TARGET = 360, 24
TRIES = 3

WATCH = """
window.refusals = [];
document.addEventListener("securitypolicyviolation", (event) => {
  window.refusals.push(`${event.violatedDirective}: ${event.blockedURI} ${event.sample}`);
});
"""
REACHABLE = """() => [...document.querySelectorAll("a[href], button, input, select, textarea, summary")]
    .filter((each) => each.checkVisibility({ visibilityProperty: true }) && !each.disabled && each.type !== "hidden")
    .filter((each) => each.type !== "radio" || each.checked)
    .map((each) => { each.number ??= String(window.numbers = (window.numbers || 0) + 1); return each; })
    .map((each) => each.outerHTML.slice(0, 160))
"""
AT = """() => {
    const at = document.activeElement;
    if (!at || at === document.body) return null;
    const style = getComputedStyle(at);
    const seen = (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== "none";
    return { number: at.number || "", seen, html: at.outerHTML.slice(0, 160) };
}"""
TINY = f"""() => [...document.querySelectorAll("button, input, select, summary, nav a")]
    .filter((each) => each.checkVisibility({{ visibilityProperty: true }}) && !["hidden", "checkbox",
        "radio"].includes(each.type))
    .map((each) => [each.outerHTML.slice(0, 120), each.getBoundingClientRect()])
    .filter(([, box]) => box.width > 0 && (box.width < {TARGET} || box.height < {TARGET})).map(([html]) => html)
"""


def of(route: PageRoute) -> str:
    return route.path


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page on which, in the end, nothing was complained of."""
    complaints: list[str] = []
    context.on("console", lambda each: complaints.append(each.text) if each.type in ("error", "warning") else None)
    context.on("weberror", lambda each: complaints.append(str(each.error)))
    context.add_init_script(WATCH)
    page = context.new_page()
    yield page
    assert complaints + page.evaluate("window.refusals || []") == []


def go(page: Page, place: str) -> bool:
    """Go to a page; False where it is text alone, which browsers show as they like."""
    answer = page.goto(place)
    assert answer is not None
    assert answer.status == 200, place
    kind = answer.headers["content-type"]
    assert kind.startswith(("text/html", "text/plain")), kind
    return kind.startswith("text/html")


@pytest.mark.parametrize("route", GETS, ids=of)
def test_a_page_keeps_nobody_out(page: Page, told: Told, route: PageRoute) -> None:
    place = place_of(route.path, told.values)
    if not go(page, place):
        return
    page.evaluate("document.querySelectorAll('main details').forEach((each) => { each.open = true; })")
    for theme in THEMES:
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        found = Axe().run(page).response["violations"]
        assert [(each["id"], each["impact"], each["nodes"][0]["html"][:300]) for each in found] == [], theme
    assert page.evaluate(TINY) == []
    page.set_viewport_size({"width": SMALL, "height": 740})
    wide: list[Any] = page.evaluate("[document.documentElement.scrollWidth, document.body.scrollWidth]")
    assert max(wide) <= SMALL, place
    assert page.locator("h1").count() == 1
    assert page.title().startswith(page.locator("h1").inner_text().strip()[:20])


@pytest.mark.parametrize("route", GETS, ids=of)
def test_keys_alone_reach_all_of_a_page_and_one_sees_where_one_is(page: Page, told: Told, route: PageRoute) -> None:
    if not go(page, place_of(route.path, told.values)):
        return
    page.evaluate("document.querySelector('main').removeAttribute('data-poll')")  # so that what is there stays
    page.evaluate("document.querySelectorAll('main details').forEach((each) => { each.open = true; })")
    there: list[str] = page.evaluate(REACHABLE)
    reached: dict[str, str] = {}
    first, before = page.locator("[autofocus]").count() == 0, page.evaluate(AT) or {"number": ""}
    reached |= {before["number"]: "where it begins"}
    for _ in range(2 * len(there) + 60):
        page.keyboard.press("Tab")
        at = page.evaluate(AT)
        if at is None:  # behind the last one; then they begin anew
            continue
        if at["number"] in reached and at["number"] not in ("", before["number"]):
            break
        before = at  # a date has three places in one field
        assert at["seen"], f"nothing shows that this has the focus: {at['html']}"
        if first:
            assert "skip" in at["html"], "the first thing is the link over the menu"
            first = False
        if at["number"]:
            reached[at["number"]] = at["html"]
    missed = [html for number, html in enumerate(there, 1) if str(number) not in reached]
    assert missed == []


def test_a_page_on_which_nothing_changes_is_the_same_text_and_is_not_sent_again(admin: Visitor, told: Told) -> None:
    """All are loaded once before any is asked for again, so that a clock in one of them would have gone on. A chart
    may move with the minute, so some are tried again."""
    places = [place_of(route.path, told.values) for route in GETS]
    for _ in range(TRIES):
        first = {place: answer for place in places if (answer := admin.get(place)).status_code == 200}
        again = {
            place: admin.get(place, **{"If-None-Match": answer.headers["etag"]}) for place, answer in first.items()
        }
        places = [place for place, answer in again.items() if answer.status_code != 304]
    different = {place: _difference(first[place].text, again[place].text) for place in places}
    assert different == {}


def _difference(before: str, after: str) -> list[str]:
    return sorted(set(before.splitlines()) ^ set(after.splitlines()))[:6]
