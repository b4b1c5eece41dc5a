"""What tells an open page that something has happened."""

import threading
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from falcon.testing import TestClient
from playwright.sync_api import Browser, expect

from api.dashboard.frame import changes
from models.events.relaying import be_relay, number_events
from models.events.telling import choose_states
from models.words.states import State
from tests.api.dashboard.visitor import Visitor
from tests.end_to_end.deployment import TOKEN
from tests.servers.web import served

RELAY = uuid4()


@pytest.fixture
def relay(engine: sa.Engine) -> Callable[[], None]:
    """Give what is new its positions, as scheduling does; all states are told of."""

    def number() -> None:
        with engine.begin() as connection:
            choose_states(connection, [state.value for state in State])
            assert be_relay(connection, RELAY) is not None
            number_events(connection, RELAY, 1000)

    number()
    return number


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "WAIT_SECONDS", 0)


def ask(visitor: Visitor, after: str = "latest", **query: str) -> Any:
    asked = "&".join(f"{name}={value}" for name, value in {"after": after, **query}.items())
    answer = visitor.get(f"/changes?{asked}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.json


@pytest.mark.usefixtures("impatient")
def test_a_change_is_said_once(admin: Visitor, create: Callable[..., Any], relay: Callable[[], None]) -> None:
    before = ask(admin)
    assert before["changed"] is False
    assert ask(admin, before["next"]) == before
    create("new")
    create("other")
    relay()
    said = ask(admin, before["next"])
    assert said["changed"] is True
    assert ask(admin, said["next"]) == {"changed": False, "next": said["next"]}


@pytest.mark.usefixtures("impatient")
def test_the_page_of_a_schedule_hears_of_that_alone(
    admin: Visitor, create: Callable[..., Any], relay: Callable[[], None]
) -> None:
    create("here")
    relay()
    after = ask(admin)["next"]
    create("elsewhere")
    relay()
    assert ask(admin, after, schedule="here")["changed"] is False
    assert ask(admin, after, schedule="elsewhere")["changed"] is True
    assert 'data-schedule="here"' in admin.get("/schedules/here").text


@pytest.mark.usefixtures("impatient")
def test_who_sees_a_part_hears_of_that_part(
    site: TestClient, make_token: Callable[..., str], create: Callable[..., Any], relay: Callable[[], None]
) -> None:
    scoped = Visitor(site)
    scoped.sign_in(make_token("viewer", only={"prefix": "mine-"}))
    after = ask(scoped)["next"]
    create("theirs")
    relay()
    assert ask(scoped, after)["changed"] is False
    create("mine-too")
    relay()
    assert ask(scoped, after)["changed"] is True


def test_strangers_are_told_nothing(visitor: Visitor) -> None:
    assert visitor.get("/changes?after=latest").status_code == 204


@pytest.mark.parametrize("after", ["x", "1-", "1-2-3"])
def test_what_is_no_cursor_is_refused(admin: Visitor, after: str) -> None:
    assert admin.get(f"/changes?after={after}").status_code == 422


def test_it_waits_for_a_change(admin: Visitor, create: Callable[..., Any], relay: Callable[[], None]) -> None:
    said: list[Any] = []
    waiting = threading.Thread(target=lambda: said.append(ask(admin)))
    waiting.start()
    create("awaited")
    relay()
    waiting.join()
    after = said[0]["next"]
    assert ask(admin, after)["changed"] is False, "all there was has been seen, or is behind what was asked after"


def test_a_page_shows_at_once_what_it_is_told_of(
    browser: Browser, database_url: str, create: Callable[..., Any], relay: Callable[[], None]
) -> None:
    with served(database_url, TOKEN) as url:
        context = browser.new_context(base_url=url)
        page = context.new_page()
        page.goto("/schedules")
        page.get_by_label("Token").fill(TOKEN)
        with page.expect_request(lambda request: "/changes?" in request.url):
            page.get_by_role("button", name="Sign in").click()
        page.evaluate("clearTimeout(timer); document.getElementById('main').dataset.poll = 600")
        with page.expect_response(lambda answer: "/changes?" in answer.url and answer.status == 200) as first:
            pass
        assert first.value.json()["changed"] is False
        create("brand-new")
        relay()
        expect(page.get_by_role("link", name="brand-new")).to_be_visible()
        context.close()
