"""Script that somebody has stored, in whatever text, is text on every page and runs on none."""

import re

from playwright.sync_api import BrowserContext, expect

from tests.api.dashboard.all_pages.data import SHOWN, Told, evil
from tests.api.dashboard.all_pages.places import GETS, Read, is_fine, is_page, place_of, route_of, walk
from tests.api.dashboard.visitor import Visitor

HANDLER = re.compile(r"on[a-z]+")


def test_it_is_no_part_of_any_page(admin: Visitor, told: Told) -> None:
    """Whatever way leads there. Nor has a page script or style of its own in it, which the policy would not let run."""
    wrong = []
    for place, answer in walk(admin, told.values):
        assert is_fine(place, answer), (place, answer.status_code)
        if not is_page(answer) and answer.status_code != 422:
            assert "html" not in answer.headers.get("content-type", "") or answer.status_code == 303, place
            continue
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy, place
        assert "unsafe" not in policy, place
        assert "49" not in re.findall(r"ran\(.+?\)&gt;(\d+)", answer.text), f"{place} has made a template of it"
        for tag, attributes in Read(answer.text).elements:
            if tag == "script" and attributes.get("src", "").startswith("/static/"):
                continue
            is_script = tag in ("script", "img", "iframe", "object", "embed", "base")
            leads = any(attributes.get(name, "").strip().lower().startswith(("javascript:", "data:", "//"))
                        for name in ("href", "src", "action", "formaction", "xlink:href"))  # fmt: skip
            if is_script or leads or "style" in attributes or any(map(HANDLER.fullmatch, attributes)):
                wrong.append((place, tag, attributes))
    assert wrong == []


def test_it_is_shown_as_it_was_written(admin: Visitor, told: Told) -> None:
    for what, path in SHOWN.items():
        place = place_of(path, told.values)
        if route_of(place) is not None:
            read = Read(admin.get(place).text)
            words = [read.text, *(value for _, attributes in read.elements for value in attributes.values())]
            if what in ("argument", "result"):  # as JSON has it
                words = [each.replace('\\"', '"') for each in words]
            assert any(evil(what) in each for each in words), f"{path} does not show the text of {what}"


def test_a_browser_runs_none_of_it(context: BrowserContext, told: Told) -> None:
    """On no page, not after it has renewed itself, and with everything on it unfolded."""
    ran: list[str] = []
    context.expose_binding("ran", lambda _source, what: ran.append(str(what)))
    page = context.new_page()
    page.on("dialog", lambda dialog: (ran.append(dialog.message), dialog.dismiss()))
    for route in GETS:
        answer = page.goto(place_of(route.path, told.values))
        if answer is None or "html" not in answer.headers["content-type"]:
            continue
        page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
        page.evaluate("document.querySelectorAll('.act').forEach((each) => { each.open = false; })")
        if page.locator("#main[data-poll]").count():
            with page.expect_response(lambda answer: answer.status in (200, 304)):
                page.keyboard.press("r")
        expect(page.locator("h1").first).to_be_visible()
        assert page.locator("img").count() == 0, route.path
    assert ran == []
