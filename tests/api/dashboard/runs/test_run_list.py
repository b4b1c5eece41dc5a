"""The list of runs: its filters, its pages, and what it says of each."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from models import runs as reading
from models.words.states import State
from tests.api.dashboard.conftest import MakeToken
from tests.api.dashboard.visitor import Visitor, title_of

AddRun = Callable[..., UUID]
Finish = Callable[..., None]


def listed(page: str) -> list[str]:
    return re.findall(r'<tr id="run-([0-9a-f-]+)">', page)


def chips(page: str) -> list[tuple[str, str]]:
    return re.findall(r'<li><a href="([^"]*)" title="Leave this filter out">([^<]*) <span', page)


def test_runs_are_listed_newest_first_with_what_there_is_to_say(
    admin: Visitor, create: Callable[..., Any], add_run: AddRun, finish: Finish
) -> None:
    schedule = UUID(create("nightly", timezone="Europe/Berlin")["id"])
    failed = add_run(60, schedule_name="nightly", schedule_id=schedule)
    finish(failed, State.FAILED, type="ValueError", message="no such thing\nmore")
    waiting = add_run(actor="work")
    answer = admin.get("/runs")
    page = answer.text
    assert (answer.status_code, title_of(answer)) == (200, "Runs")
    assert listed(page) == [str(waiting), str(failed)]
    assert "ValueError: no such thing</td>" in page
    assert re.search(r'data-zone="Europe/Berlin">', page)
    assert '<span class="state failed">failed</span>' in page
    assert '>2 s</td>\n<td class="number">3 s</td>' in page
    assert '<p class="count">2 runs</p>' in page


def test_each_filter_of_the_api_is_in_the_address_in_the_form_and_a_chip(
    admin: Visitor, create: Callable[..., Any], add_run: AddRun, finish: Finish
) -> None:
    schedule = UUID(create("nightly")["id"])
    mine = add_run(60, schedule_name="nightly", schedule_id=schedule)
    finish(mine, State.FAILED, type="ValueError", message="no such thing")
    old = add_run(3 * 3600, actor="work")
    finish(old, State.CANCELLED)
    other = add_run(1, actor="work")
    both = [str(mine), str(old)]
    an_hour_ago = (datetime.now(UTC) - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    for query, found in (
        ("state=failed", [str(mine)]),
        ("state=failed&state=cancelled", both),
        ("schedule=nightly", [str(mine)]),
        ("actor=work", [str(other), str(old)]),
        ("trigger=schedule", []),
        ("since=2h", [str(other), str(mine)]),
        ("until=2h", [str(old)]),
        (f"since={an_hour_ago}", [str(other), str(mine)]),
        ("error=SUCH", [str(mine)]),
        (f"fingerprint={'0' * 32}", []),
        ("q=night", [str(mine)]),
    ):
        page = admin.get(f"/runs?{query}").text
        assert listed(page) == found, query
        assert [text for _, text in chips(page)] == [each.replace("=", ": ") for each in query.split("&")]
    page = admin.get("/runs?state=failed&state=cancelled&q=night").text
    assert chips(page)[0] == ("/runs?state=cancelled&amp;q=night", "state: failed")
    assert page.count(" checked>") == 2
    assert 'name="q" id="search" value="night"' in page


@pytest.mark.parametrize("query", ["state=asleep", "since=yesterday", "colour=red", "cursor=x", "fingerprint=1"])
def test_a_filter_that_is_none_is_refused(admin: Visitor, query: str) -> None:
    answer = admin.get(f"/runs?{query}")
    assert (answer.status_code, title_of(answer)) == (422, "Not valid")
    assert query.partition("=")[0] in answer.text


def test_runs_come_page_by_page(admin: Visitor, add_run: AddRun) -> None:
    ids = [str(add_run(age)) for age in range(60)]
    page = admin.get("/runs?actor=log_message").text
    more = re.search(r'class="more" href="([^"]+)"', page)
    assert (listed(page), more is not None) == (ids[:50], True)
    assert more is not None
    assert more[1].startswith("/runs?actor=log_message&amp;cursor=")
    rest = admin.get(more[1].replace("&amp;", "&")).text
    assert listed(rest) == ids[50:]
    assert '<a href="/runs?actor=log_message">to the newest</a>' in rest


def test_a_search_that_has_looked_at_many_says_how_far_and_goes_on(
    admin: Visitor, add_run: AddRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "SCANNED_ROWS", 3)
    wanted = add_run(1000, actor="rare")
    for age in range(4):
        add_run(age)
    page = admin.get("/runs?actor=rare").text
    assert (listed(page), "among those looked at" in page, "Looked back to <time" in page) == ([], True, True)
    assert '<p class="count">0 or more runs' in page
    more = re.search(r'class="more" href="([^"]+)">Go on<', page)
    assert more is not None
    assert listed(admin.get(more[1].replace("&amp;", "&")).text) == [str(wanted)]


def test_a_list_of_moving_runs_is_asked_for_more_often_and_is_the_same_text(
    admin: Visitor, add_run: AddRun, finish: Finish
) -> None:
    run = add_run(columns={"state": "queued"})
    first = admin.get("/runs")
    assert 'data-poll="2"' in first.text
    assert admin.get("/runs", **{"If-None-Match": first.headers["etag"]}).status_code == 304
    finish(run)
    assert 'data-poll="5"' in admin.get("/runs", **{"If-None-Match": first.headers["etag"]}).text


def test_who_sees_a_part_sees_its_runs_alone(
    visitor: Visitor, make_token: MakeToken, create: Callable[..., Any], add_run: AddRun
) -> None:
    ours, theirs = (UUID(create(name)["id"]) for name in ("ours-1", "theirs"))
    mine = add_run(schedule_name="ours-1", schedule_id=ours)
    other = add_run(schedule_name="theirs", schedule_id=theirs)
    plain = add_run()
    visitor.sign_in(make_token("operator", only={"prefix": "ours-"}))
    page = visitor.get("/runs").text
    assert (listed(page), "theirs" in page, '<p class="count">1 run</p>' in page) == ([str(mine)], False, True)
    for run in (other, plain):
        for path in (f"/runs/{run}", f"/runs/{run}/output"):
            assert visitor.get(path).status_code == 404
        assert visitor.send("/runs", f"/runs/{run}/cancel").status_code == 404
