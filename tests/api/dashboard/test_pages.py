"""Pages: what they say, to whom, and what they may do."""

import hashlib
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from falcon.testing import TestClient

from api.dashboard.site import PAGES
from tests.api.dashboard.conftest import MakeToken
from tests.api.dashboard.visitor import Visitor, title_of
from tests.end_to_end.deployment import ROOT

Create = Callable[..., dict[str, Any]]
VENDORED = ROOT / "api" / "dashboard" / "static" / "vendor"
EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


def test_pages_say_that_nothing_else_runs_in_them(admin: Visitor) -> None:
    answer = admin.get("/schedules")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["cache-control"] == "private, no-cache"
    assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|style=|javascript:", answer.text)


def test_a_page_on_which_nothing_has_changed_is_not_sent_again(admin: Visitor, create: Create) -> None:
    create("nightly")
    first = admin.get("/schedules")
    assert admin.get("/schedules", **{"If-None-Match": first.headers["etag"]}).status_code == 304
    create("weekly")
    assert admin.get("/schedules", **{"If-None-Match": first.headers["etag"]}).status_code == 200


def test_schedules_are_listed_with_filters_and_page_by_page(admin: Visitor, create: Create) -> None:
    for number in range(120):
        create(f"s{number:03}", cron="0 3 * * *", tags=["even" if number % 2 == 0 else "odd"])
    page = admin.get("/schedules?tag=even").text
    assert (page.count('<th scope="row">'), "60 schedules" in page) == (60, True)
    assert '<a href="/schedules" title="Leave this filter out">tag: even' in page
    page = admin.get("/schedules").text
    more = re.search(r'class="more" href="([^"]+)"', page)
    assert (page.count('<th scope="row">'), more is not None) == (100, True)
    assert more is not None
    assert admin.get(more[1]).text.count('<th scope="row">') == 20


def test_a_filter_that_is_none_is_said(admin: Visitor) -> None:
    answer = admin.get("/schedules?state=asleep")
    assert (answer.status_code, title_of(answer)) == (422, "Not valid")
    assert "state" in answer.text


def test_a_schedule_is_paused_with_reason_and_end_and_resumed(
    admin: Visitor, create: Create, client: TestClient
) -> None:
    create("nightly", cron="0 3 * * *")
    answer = admin.send("/schedules/nightly", "/schedules/nightly/pause", reason="lunch", until="1h 30m")
    assert (answer.status_code, answer.headers["location"]) == (303, "/schedules/nightly")
    assert admin.note("/schedules/nightly") == "It is paused."
    assert admin.note("/schedules/nightly") is None
    stored = client.simulate_get("/v1/schedules/nightly").json
    assert (stored["paused_by"], stored["pause_reason"]) == ("admin", "lunch")
    until = datetime.fromisoformat(stored["paused_until"]) - datetime.now(UTC)
    assert timedelta(minutes=89) < until <= timedelta(minutes=90)
    assert ": lunch</p>" in admin.get("/schedules/nightly").text
    admin.send("/schedules/nightly", "/schedules/nightly/resume")
    assert client.simulate_get("/v1/schedules/nightly").json["paused_at"] is None
    acts = client.simulate_get("/v1/audit?target=schedules/nightly").json["items"]
    assert [(each["action"], each["who"], each["role"]) for each in acts[:2]] == [
        ("schedule.resume", "admin", "admin"),
        ("schedule.pause", "admin", "admin"),
    ]


def test_what_a_form_has_wrong_is_said(admin: Visitor, create: Create) -> None:
    create("nightly")
    for until in ("yesterday", "2001-01-01T00:00:00Z"):
        answer = admin.send("/schedules/nightly", "/schedules/nightly/pause", until=until)
        assert (answer.status_code, "until" in answer.text) == (422, True)


def test_a_schedule_is_run_now(admin: Visitor, create: Create, client: TestClient) -> None:
    create("nightly", args={"message": "hello"})
    admin.send("/schedules/nightly", "/schedules/nightly/trigger")
    [run] = client.simulate_get("/v1/runs").json["items"]
    assert (run["schedule"], run["trigger"], run["created_by"]) == ("nightly", "manual", "admin")


def test_what_is_not_there_is_said(admin: Visitor) -> None:
    assert title_of(admin.get("/schedules/none")) == "Not found"
    assert admin.get("/schedules/none").status_code == 404
    for path in ("/nothing", "/runs/no-id"):
        missing = admin.get(path, Accept="text/html,*/*;q=0.8")
        assert (missing.status_code, missing.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
        assert f"there is no page at {path}" in missing.text
    assert admin.get("/nothing", Accept="*/*").headers["Content-Type"] == "application/problem+json"
    assert admin.get("/static/0/callsheet.css").status_code == 404


def test_a_viewer_sees_no_buttons_and_is_refused(visitor: Visitor, make_token: MakeToken, create: Create) -> None:
    create("nightly")
    visitor.sign_in(make_token("viewer"))
    page = visitor.get("/schedules/nightly").text
    assert page.count('method="post"') == 1  # to sign out
    for act in ("pause", "resume", "trigger"):
        answer = visitor.send("/schedules/nightly", f"/schedules/nightly/{act}")
        assert (answer.status_code, title_of(answer)) == (403, "Not allowed")


def test_who_sees_a_part_sees_no_more_in_pages(visitor: Visitor, make_token: MakeToken, create: Create) -> None:
    create("ours-1")
    create("theirs")
    visitor.sign_in(make_token("operator", only={"prefix": "ours-"}))
    page = visitor.get("/schedules").text
    assert ("ours-1" in page, "theirs" in page, "1 schedule<" in page) == (True, False, True)
    assert visitor.get("/schedules/theirs").status_code == 404
    assert visitor.send("/schedules/ours-1", "/schedules/theirs/pause").status_code == 404


def test_no_text_of_anybody_becomes_a_part_of_the_page(admin: Visitor, create: Create) -> None:
    create("nightly", description=EVIL, tags=["t"], args={"message": EVIL, EVIL: 1})
    admin.send("/schedules/nightly", "/schedules/nightly/pause", reason=EVIL)
    for path in ("/schedules", "/schedules/nightly", f"/schedules?q={EVIL}", f"/sign-in?next=/{EVIL}"):
        page = admin.get(path.replace(" ", "%20")).text
        assert "<img" not in page
        assert re.search(r"<script(?! src=\"/static/)", page) is None


def test_large_numbers_are_shown_as_they_are(admin: Visitor, create: Create) -> None:
    create("nightly", args={"message": "x", "id": 2**80})
    assert str(2**80) in admin.get("/schedules/nightly").text


def test_every_page_needs_somebody(visitor: Visitor) -> None:
    for route in PAGES:
        path = re.sub(r"\{\w+(:uuid)?\}", lambda part: str(UUID(int=1)) if part[1] else "nightly", route.path)
        answer = visitor.get(path) if route.method == "GET" else visitor.post(path, {})
        assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/sign-in"), path


def test_files_of_others_are_as_they_were_given() -> None:
    """With where they come from, and under which licence."""
    listed = json.loads((VENDORED / "vendored.json").read_text())
    scripts = {path.name for path in VENDORED.glob("*.js")}
    assert {each["file"] for each in listed} == scripts
    for each in listed:
        assert hashlib.sha256((VENDORED / each["file"]).read_bytes()).hexdigest() == each["sha256"]
        assert (VENDORED / each["licence"]).read_text().startswith("Zero-Clause BSD")
        assert each["version"] in each["package"]


@pytest.mark.parametrize("name", ["callsheet.css", "callsheet.js", "vendor/htmx.min.js", "icon.svg"])
def test_files_may_be_kept_as_their_links_change_with_them(admin: Visitor, site: TestClient, name: str) -> None:
    link = re.search(rf'"(/static/\w+/{re.escape(name)})"', admin.get("/schedules").text)
    assert link is not None
    answer = site.simulate_get(link[1])
    assert (answer.status_code, "immutable" in answer.headers["cache-control"]) == (200, True)
