"""The page of actors: what workers have announced, and what schedules name that nobody has."""

import re
from collections.abc import Callable
from typing import Any

from tests.api.dashboard.conftest import MakeToken
from tests.api.dashboard.nouns.conftest import AddWorker
from tests.api.dashboard.visitor import Visitor, title_of

Announce = Callable[..., None]
Create = Callable[..., dict[str, Any]]


def row_of(page: str, name: str) -> str:
    found = re.search(rf'<tr id="actor-{name}">.*?</tr>', page, re.DOTALL)
    assert found is not None, page
    return found[0]


def test_an_actor_is_shown_with_who_knows_and_who_uses_it(
    admin: Visitor, announce: Announce, create: Create, add_worker: AddWorker
) -> None:
    announce(parameters={"type": "object", "properties": {"<b>": {"const": 2**70}}}, options={"max_retries": 3})
    for name in ("one", "two"):
        create(name, args={"<b>": 2**70})
    worker = add_worker(actors=["log_message"])
    add_worker("web-2", ago=90, actors=["log_message"])
    add_worker("web-3", actors=["else"])
    answer = admin.get("/actors")
    assert title_of(answer) == "Actors"
    row = row_of(answer.text, "log_message")
    assert ("Says something." in row, ">announced<" in row, "<td>mail</td>" in row) == (True, True, True)
    assert '<a href="/schedules?actor=log_message">2</a>' in row
    assert re.findall(r'href="/workers#worker-([^"]+)">([^<]+)<', row) == [(str(worker), "web-1/17")]
    assert "<dt>max_retries</dt><dd>3</dd>" in row
    assert ("&lt;b&gt;" in row, str(2**70) in row) == (True, True)


def test_one_that_nobody_announces_any_more_is_told_apart(admin: Visitor, announce: Announce) -> None:
    announce(ago=90)
    row = row_of(admin.get("/actors").text, "log_message")
    assert (">gone<" in row, "Last announced <time" in row) == (True, True)


def test_those_that_schedules_name_and_nobody_has_announced_come_first(
    admin: Visitor, announce: Announce, create: Create
) -> None:
    announce()
    create("one")
    create("two", actor="typo & co")
    page = admin.get("/actors").text
    section = page[page.index("Named by schedules") : page.index("</section>")]
    assert '<strong>typo &amp; co</strong>, by <a href="/schedules?actor=typo%20%26%20co">1</a> schedule' in section
    assert "log_message" not in section


def test_a_declaration_that_is_not_in_force_is_said(
    admin: Visitor, announce: Announce, execute: Callable[..., Any]
) -> None:
    announce()
    execute("UPDATE actors SET declaration_error = 'cron: no such day'")
    assert "is not in force: cron: no such day" in admin.get("/actors").text


def test_who_sees_a_part_sees_what_their_schedules_name_and_no_workers(
    visitor: Visitor, make_token: MakeToken, announce: Announce, create: Create, add_worker: AddWorker
) -> None:
    announce()
    add_worker(actors=["log_message"])
    create("crm-one")
    create("web-two")
    create("web-three", actor="secret-actor")
    visitor.sign_in(make_token("viewer", only={"prefix": "crm-"}))
    page = visitor.get("/actors").text
    assert '<a href="/schedules?actor=log_message">1</a>' in row_of(page, "log_message")
    assert ("secret-actor" in page, "web-1" in page) == (False, False)


def test_pages_follow_each_other(admin: Visitor, announce: Announce, create: Create) -> None:
    for name in ("a", "b"):
        announce(name)
    create("one", actor="unknown")
    first = admin.get("/actors?limit=1").text
    more = re.search(r'class="more" href="([^"]+)"', first)
    assert more is not None
    second = admin.get(more[1]).text
    assert ('id="actor-a"' in first, 'id="actor-b"' in first, "unknown" in first) == (True, False, True)
    assert ('id="actor-a"' in second, 'id="actor-b"' in second, "unknown" in second) == (False, True, False)
