"""The timeline: what ran and what is to come, whoever looks, however much there is."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from falcon.testing import Result
from markupsafe import Markup

from models.words.instants import write_instant
from tests.api.dashboard.charts.drawn import Drawn
from tests.api.dashboard.conftest import MakeToken
from tests.api.dashboard.timeline.runs import Execute, add_run
from tests.api.dashboard.visitor import Visitor, title_of
from tests.waiting import eventually

Create = Callable[..., dict[str, Any]]
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def now(execute: Execute) -> datetime:
    """The present of the page."""

    def early() -> datetime | None:
        [(begun, now)] = execute("SELECT date_bin('5 minutes', now(), 'epoch'), now()")
        return begun.astimezone(UTC) if now - begun < timedelta(seconds=290) else None

    return eventually(early)


def charts(answer: Result) -> list[Drawn]:
    """Those that stand in the page: runs, and the load."""
    found = re.findall(r'<figure class="chart.*?</figure>', answer.text, re.DOTALL)
    return [Drawn(Markup(each)) for each in found]  # noqa: S704  # of our own page


def links(answer: Result) -> dict[str, str]:
    found = re.search(r'aria-label="Other times and schedules">(.*?)</ul>', answer.text, re.DOTALL)
    assert found is not None
    return {name: link.replace("&amp;", "&") for link, name in re.findall(r'href="([^"]+)">([^<]+)<', found[1])}


def cells(answer: Result, row: str) -> list[list[str]]:
    """Of that schedule what, of which kind."""
    return [cells[1:3] for cells in charts(answer)[0].cells()[1:] if cells[0] == row]


def test_what_ran_and_what_is_to_come_is_in_one_row(
    admin: Visitor, create: Create, execute: Execute, now: datetime
) -> None:
    at = now + 90 * MINUTE
    create("report", at=write_instant(at))
    create("idle")
    add_run(execute, "report", now - 3 * HOUR, 600)
    add_run(execute, "report", now - 2 * HOUR, 1200, "failed")
    add_run(execute, "report", now - HOUR, None, "running")
    add_run(execute, "report", now - 4 * HOUR, 0, "skipped")
    answer = admin.get("/timeline")
    assert (answer.status_code, title_of(answer)) == (200, "Timeline")
    drawn = charts(answer)[0]
    rows = [row for row in drawn.cells()[1:] if row[0] == "report"]
    assert [row[1:3] for row in rows] == [
        ["slot", "skipped"], ["run of 10 min", "succeeded"], ["run of 20 min", "failed"], ["run", "running"],
        [f"slot of {write_instant(at)}", "planned"],
    ]  # fmt: skip
    [*_, running, coming] = [row[3:] for row in rows]
    assert running == [f"{each:%Y-%m-%d %H:%M:%S} UTC" for each in (now - HOUR, now)]
    assert coming == [f"{each:%Y-%m-%d %H:%M:%S} UTC" for each in (at, at + 10 * MINUTE)]
    assert 'data-poll="2"' in answer.text
    assert drawn.shapes("now")
    assert {"/schedules/report", "/schedules/idle"} <= set(drawn.links())


def test_nothing_has_changed_while_nothing_has(admin: Visitor, create: Create) -> None:
    create("nightly", cron="0 3 * * *")
    first = admin.get("/timeline")
    again = admin.get("/timeline", **{"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304 or first.headers["date"] != again.headers["date"]
    create("weekly", cron="0 4 * * 1")
    assert admin.get("/timeline", **{"If-None-Match": first.headers["etag"]}).status_code == 200


def test_many_runs_of_a_time_are_one_with_their_number(
    admin: Visitor, create: Create, execute: Execute, now: datetime
) -> None:
    create("busy", every_seconds=1)
    create("calm", cron="* * * * *")
    for number in range(30):
        add_run(execute, "calm", now - HOUR + number * MINUTE, 5, "failed" if number == 3 else "succeeded")
    answer = admin.get("/timeline?hours=12")
    [past, *coming] = cells(answer, "calm")
    assert past == ["30 runs (1 failed, 29 succeeded)", "failed"]
    assert {each[1] for each in coming} == {"planned"}
    assert "60 slots to come" in [each[0] for each in coming]
    assert [each[0] for each in cells(answer, "busy")][-1] == "3600 slots to come"
    assert len(cells(answer, "busy")) <= 13
    [link] = [link for link in charts(answer)[0].links() if link.startswith("/runs?")]
    assert "schedule=calm" in link


def test_the_newest_of_very_many_are_shown_and_the_rest_is_said(
    admin: Visitor, create: Create, execute: Execute, now: datetime
) -> None:
    create("busy", cron="0 0 1 1 *")
    for number in range(410):
        add_run(execute, "busy", now - timedelta(seconds=number + 1), 0.5)
    page = admin.get("/timeline").text
    assert "busy: only the newest 400 runs are shown" in page


def test_a_pause_and_the_most_runs_leave_no_slots_to_come(admin: Visitor, create: Create, execute: Execute) -> None:
    for name in ("paused", "few", "broken", "done"):
        create(name, cron="* * * * *", **({"max_runs": 2} if name in ("few", "done") else {}))
    execute("UPDATE schedules SET paused_at = now() WHERE name = 'paused'")
    execute("UPDATE schedules SET error = 'broken' WHERE name = 'broken'")
    execute("UPDATE schedules SET slots_run = 2 WHERE name = 'done'")
    answer = admin.get("/timeline")
    assert [len(cells(answer, name)) for name in ("paused", "few", "broken", "done")] == [0, 2, 0, 0]
    assert "1 start " in answer.text or "0 starts" in answer.text or "2 starts" in answer.text


def test_one_goes_to_other_times_as_far_as_a_day(admin: Visitor, create: Create, now: datetime) -> None:
    create("hourly", cron="0 * * * *")
    page = admin.get("/timeline")
    assert set(links(page)) == {"Earlier", "Later"}
    for way, ends in (("Earlier", -24 * HOUR), ("Later", 24 * HOUR)):
        at, steps = page, 0
        while way in links(at):
            at, steps = admin.get(links(at)[way]), steps + 1
        assert steps == 2
        assert "Now" in links(at)
        shown = re.findall(r'class="count"><time datetime="([^"]+)".*?datetime="([^"]+)"', at.text)[0]
        assert write_instant(now + ends) in shown
    assert len(cells(admin.get("/timeline?hours=24"), "hourly")) in (23, 24)  # the slot of just now may be over


@pytest.mark.parametrize(
    ("query", "hours"),
    [
        ("since={0}&until={1}", (-2, 1)),
        ("since={0}", (-2, 10)),
        ("until={1}", (-11, 1)),
        ("since=2001-01-01T00:00:00Z", (-24, -12)),
        ("until=2001-01-01T00:00:00Z", None),
        ("since=2001-01-01T00:00:00Z&until=2100-01-01T00:00:00Z", (-24, 24)),
        ("since=2100-01-01T00:00:00Z", None),
        ("since={0}&hours=1", (-2, 0)),
        ("hours=24", (-24, 24)),
    ],
)
def test_a_time_is_shown_as_far_as_it_can_be(
    admin: Visitor, now: datetime, query: str, hours: tuple[int, int] | None
) -> None:
    answer = admin.get("/timeline?" + query.format(write_instant(now - 2 * HOUR), write_instant(now + HOUR)))
    assert answer.status_code == 200, answer.text
    since, until = re.findall(r'class="count"><time datetime="([^"]+)".*?datetime="([^"]+)"', answer.text)[0]
    if hours is not None:
        assert (since, until) == tuple(write_instant(now + each * HOUR) for each in hours)
    assert datetime.fromisoformat(until) - datetime.fromisoformat(since) >= 10 * MINUTE


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("since=2030-01-01T00:00:00Z&until=2030-01-01T00:00:00Z", "until"),
        ("since=2030-01-02T00:00:00Z&until=2030-01-01T00:00:00Z", "until"),
        ("since=yesterday", "since"),
        ("hours=0", "hours"),
        ("hours=25", "hours"),
        ("timezone=Mars/Olympus", "timezone"),
        ("cursor=A", "cursor"),
        ("colour=red", "colour"),
    ],
)
def test_what_cannot_be_shown_is_said(admin: Visitor, query: str, field: str) -> None:
    answer = admin.get(f"/timeline?{query}")
    assert (answer.status_code, title_of(answer)) == (422, "Not valid")
    assert f"{field}:" in answer.text


def test_schedules_are_chosen_as_in_the_api_and_come_part_by_part(admin: Visitor, create: Create) -> None:
    for number in range(40):
        create(f"s{number:02}", cron="0 * * * *", tags=["even"] if number % 2 == 0 else [])
    page = admin.get("/timeline")
    assert len({row[0] for row in charts(page)[0].cells()[1:]}) == 30
    more = admin.get(links(page)["More schedules"])
    assert len({row[0] for row in charts(more)[0].cells()[1:]}) == 10
    assert "First schedules" in links(more)
    tagged = admin.get("/timeline?tag=even&prefix=s1")
    assert {row[0] for row in charts(tagged)[0].cells()[1:]} == {"s10", "s12", "s14", "s16", "s18"}
    assert f"{5 * 24 * 7:,}".replace(",", "") + " starts" in tagged.text.replace("\u202f", "")
    assert "prefix=s1" in links(tagged)["Later"]


def test_the_load_is_counted_by_hours_of_the_zone_and_quiet_minutes_are_named(admin: Visitor, create: Create) -> None:
    for number in range(41):
        create(f"midnight-{number}", cron="0 0 * * *")
    create("weekly", cron="30 12 * * 1", timezone="Europe/Berlin")
    create("all-the-time", every_seconds=1)
    page = admin.get("/timeline?prefix=midnight").text
    assert "00:00 has 41 starts." in page
    assert re.search(r"\d\d:\d\d has none; 00:00 has 41 starts", page)
    assert re.search(r":\d\d has none in the week; :00 has 287 starts", page)
    load = charts(admin.get("/timeline?prefix=midnight"))[1]
    assert load.cells()[1] == ["Monday", "41", *["0"] * 23]
    assert "Most is 41 starts at Monday 00" in load.description
    kolkata = charts(admin.get("/timeline?prefix=midnight&timezone=Asia/Kolkata"))[1]
    assert kolkata.cells()[1][1:8] == ["0", "0", "0", "0", "0", "41", "0"]
    weekly = charts(admin.get("/timeline?prefix=weekly&timezone=Europe/Berlin"))[1]
    assert [row[13] for row in weekly.cells()[1:]] == ["1", *["0"] * 6]
    whole = admin.get("/timeline")
    assert charts(whole)[1].cells()[1][1:3] == ["3\u202f641", "3\u202f600"]
    assert "option selected>UTC" in whole.text
    assert ">Europe/Berlin</option>" in whole.text


def test_the_next_slots_stand_in_their_order(admin: Visitor, create: Create, now: datetime) -> None:
    create("later", at=write_instant(now + 3 * HOUR))
    create("sooner", at=write_instant(now + 2 * HOUR))
    create("tomorrow", at=write_instant(now + 30 * HOUR))
    table = admin.get("/timeline").text.partition("<h2>Next 24 hours</h2>")[2]
    assert re.findall(r'href="/schedules/(\w+)"', table) == ["sooner", "later"]


def test_without_schedules_there_are_sentences(admin: Visitor) -> None:
    page = admin.get("/timeline")
    assert page.text.count('class="empty"') == 3
    assert len(charts(page)) == 2


def test_who_sees_a_part_sees_no_load_of_others(
    visitor: Visitor, make_token: MakeToken, create: Create, execute: Execute, now: datetime
) -> None:
    create("ours-1", cron="0 3 * * *", timezone="Europe/Berlin")
    create("theirs", cron="* * * * *", timezone="Asia/Tokyo")
    add_run(execute, "theirs", now - HOUR, 5)
    visitor.sign_in(make_token("viewer", only={"prefix": "ours-"}))
    page = visitor.get("/timeline")
    assert page.status_code == 200
    assert "ours-1" in page.text
    assert "theirs" not in page.text
    assert "Asia/Tokyo" not in page.text
    assert "7 starts from" in page.text
