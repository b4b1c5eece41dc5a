"""The page of one schedule: what became of its slots, what is to come, and what people may do and ask there."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import pytest
from falcon.testing import TestClient

from api.dashboard.schedules.why import instants_of
from models.words.states import SkipReason, State
from tests.api.conftest import HOUR_AGO
from tests.api.dashboard.visitor import Visitor, title_of

Create = Callable[..., dict[str, Any]]
AddSlot = Callable[..., UUID]
LONGEST = "a" + "x.y-z_" * 21 + "9"


def text_of(page: str) -> str:
    """What is written on it, without its tags."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def part(page: str, heading: str) -> str:
    """What stands below a heading, up to the next one."""
    found = re.search(rf'<h2 id="{heading}-heading">.*?(?=<h2|</main>)', page, re.DOTALL)
    assert found is not None
    return found[0]


def test_its_slots_stand_in_a_strip_and_say_why_they_were_skipped(
    admin: Visitor, schedule: UUID, add_slot: AddSlot
) -> None:
    ran = add_slot(schedule, HOUR_AGO, started=1, finished=13)
    add_slot(schedule, HOUR_AGO + timedelta(minutes=1), State.SKIPPED, reason=SkipReason.OVERLAP)
    add_slot(
        schedule, HOUR_AGO + timedelta(minutes=2), State.SKIPPED,
        reason=SkipReason.PAUSED, slots=1200, slot_until=HOUR_AGO + timedelta(minutes=1201),
    )  # fmt: skip
    slots = part(admin.get("/schedules/nightly").text, "slots")
    said = HOUR_AGO.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert f"{said}: succeeded, took 12 s" in slots
    assert f'href="/runs/{ran}"' in slots
    assert "skipped (overlap)" in slots
    assert "1\u202f200 slots from" in slots
    assert "skipped (paused)" in slots


def test_durations_and_lateness_are_lines_with_their_numbers(admin: Visitor, schedule: UUID, add_slot: AddSlot) -> None:
    for number in range(3):
        add_slot(schedule, HOUR_AGO + timedelta(minutes=number), started=2 + number, finished=10 + 2 * number)
    page = admin.get("/schedules/nightly").text
    lines = page[page.index('class="lines"') :]
    assert [f"Duration: {8 + n} s at" in lines for n in range(3)] == [True] * 3
    assert [f"Lateness: {2 + n} s at" in lines for n in range(3)] == [True] * 3
    assert "p50 duration: 9 s" in text_of(part(page, "runs"))


def test_what_is_to_come_is_in_its_zone_with_changes_of_the_clock(
    admin: Visitor, create: Create, client: TestClient
) -> None:
    create("nightly", cron="30 2 28-31 3 *", timezone="Europe/Berlin")
    coming = client.simulate_get("/v1/schedules/nightly/upcoming?count=20").json["items"]
    page = part(admin.get("/schedules/nightly").text, "next")
    assert page.count("<time") == 20
    assert [each["local"].replace("T", " ") in page for each in coming] == [True] * 20
    remarked = [each for each in coming if each["remark"]]
    assert remarked
    assert page.count('<tr class="remarked">') == len(remarked)
    assert remarked[0]["remark"] in unescape(page)


def test_without_anything_to_come_it_says_why(admin: Visitor, create: Create, execute: Callable[..., Any]) -> None:
    create("nightly")
    assert "It has no times of its own" in part(admin.get("/schedules/nightly").text, "next")
    create("hourly", cron="0 * * * *", paused=True)
    assert "None before it is resumed." in part(admin.get("/schedules/hourly").text, "next")
    execute("UPDATE schedules SET error = 'broken', paused_at = NULL WHERE name = 'hourly'")
    assert "it is set aside" in part(admin.get("/schedules/hourly").text, "next")


def test_each_policy_says_what_it_means(admin: Visitor, create: Create) -> None:
    create("nightly", overlap="buffer_one", catchup="none", max_retries=3, ends_at="2099-01-01T00:00:00Z")
    said = text_of(part(admin.get("/schedules/nightly").text, "policies"))
    assert "Overlap buffer_one When a slot is due and an earlier run is still active: one slot waits until" in said
    assert "such as an outage: none of the slots that passed while nobody planned runs" in said
    assert "Max retries 3 Further attempts" in said
    assert "Ends at 2099-01-01 00:00:00 UTC No slot after." in said
    assert "Pause after failures none" in said


@pytest.mark.parametrize(
    ("asked", "instants"),
    [
        ("2026-11-23T09:05:00Z", ["2026-11-23T09:05"]),
        ("2026-11-23T10:05:00+01:00", ["2026-11-23T09:05"]),
        (" 2026-11-23 10:05 ", ["2026-11-23T09:05"]),
        ("2026-07-01t10:05:30", ["2026-07-01T08:05:30"]),
        ("2026-10-25 02:30", ["2026-10-25T00:30", "2026-10-25T01:30"]),
        ("2026-03-29 02:30", "does not exist in Europe/Berlin"),
        ("yesterday", "must be an instant"),
        ("9999-12-31 23:59:59-12:00", "must be an instant"),
        ("0001-01-01 00:00", "must be an instant"),
        ("", "must be an instant"),
    ],
)
def test_an_instant_is_read_by_the_clock_of_the_zone(asked: str, instants: list[str] | str) -> None:
    if isinstance(instants, str):
        with pytest.raises(ValueError, match=instants):
            instants_of(asked, "Europe/Berlin")
    else:
        expected = [datetime.fromisoformat(each).replace(tzinfo=UTC) for each in instants]
        assert instants_of(asked, "Europe/Berlin") == expected


def test_why_not_is_answered_in_the_words_of_the_api(
    admin: Visitor, schedule: UUID, add_slot: AddSlot, client: TestClient
) -> None:
    run = add_slot(schedule, HOUR_AGO, State.SKIPPED, reason=SkipReason.OVERLAP)
    at = HOUR_AGO.strftime("%Y-%m-%dT%H:%M:%SZ")
    because = client.simulate_get("/v1/schedules/nightly/explain", params={"at": at}).json["because"]
    for asked in (at, HOUR_AGO.strftime("%Y-%m-%d %H:%M")):
        page = admin.get(f"/schedules/nightly?{urlencode({'at': asked})}").text
        answer = page[page.index('class="card answer"') :]
        assert because in unescape(answer)
        assert f'href="/runs/{run}"' in answer
    wrong = admin.get("/schedules/nightly?at=noon")
    assert 'value="noon"' in wrong.text
    assert 'aria-invalid="true"' in wrong.text


def test_it_is_run_with_other_arguments(admin: Visitor, create: Create, client: TestClient) -> None:
    create("nightly", args={"message": "hello", "id": 2**80})
    page = admin.get("/schedules/nightly").text
    assert str(2**80) in page[page.index("<textarea") :]
    admin.send("/schedules/nightly", "/schedules/nightly/trigger", args=f'{{"id": {2**70}}}', due_at="2h")
    [run] = client.simulate_get("/v1/runs").json["items"]
    assert (run["args"], run["state"]) == ({"id": 2**70}, "planned")
    assert datetime.fromisoformat(run["due_at"]) > datetime.now(UTC) + timedelta(hours=1)


@pytest.mark.parametrize(
    ("fields", "beside", "said"),
    [
        ({"args": "{"}, "args-error-1", "is not valid JSON"),
        ({"args": "[1]"}, "args-error-1", "dictionary"),
        ({"args": '{"a": 1, "a": 2}'}, "args-error-1", "same key twice"),
        ({"args": '{"a": "\\u0000"}'}, "args-error-1", "NUL"),
        ({"due_at": "soon"}, "due_at-error-1", "must be an instant"),
        ({"overlap": "never"}, "overlap-error-1", "Input should be"),
    ],
)
def test_what_is_wrong_with_a_form_stands_beside_its_field_with_what_was_written(
    admin: Visitor, create: Create, client: TestClient, fields: dict[str, str], beside: str, said: str
) -> None:
    create("nightly", args={"message": "hello"})
    answer = admin.send("/schedules/nightly", "/schedules/nightly/trigger", **fields)
    assert (answer.status_code, title_of(answer)) == (422, "nightly")
    fault = re.search(rf'<p class="error" id="{beside}">([^<]*)<', answer.text)
    assert fault is not None
    assert said in unescape(fault[1])
    if "overlap" not in fields:
        assert [value in unescape(answer.text) for value in fields.values()] == [True]
    assert '<details class="act" open>' in answer.text
    assert admin.get("/schedules/nightly/trigger").headers["location"] == "/schedules/nightly"
    assert client.simulate_get("/v1/runs").json["items"] == []


def test_a_pause_that_is_refused_is_shown_again(admin: Visitor, create: Create) -> None:
    create("nightly")
    answer = admin.send("/schedules/nightly", "/schedules/nightly/pause", reason="lunch", until="2001-01-01T00:00:00Z")
    assert answer.status_code == 422
    assert 'id="until-error-1">must lie in the future<' in answer.text
    assert 'name="reason" maxlength="1000" value="lunch"' in answer.text


def test_who_decides_it_elsewhere_is_said(admin: Visitor, create: Create, execute: Callable[..., Any]) -> None:
    create("nightly")
    page = admin.get("/schedules/nightly").text
    assert [f"/schedules/nightly/{act}" in page for act in ("edit", "delete")] == [True, True]
    execute("UPDATE schedules SET source = 'file:crm'")
    page = admin.get("/schedules/nightly").text
    assert "It is owned by the file <code>crm</code>: what is edited here is drift" in page
    execute("UPDATE schedules SET source = 'code', announced_at = now(), declared_by = 'release 7'")
    page = admin.get("/schedules/nightly").text
    assert "It is declared in code by release 7" in page
    assert [f"/schedules/nightly/{act}" in page for act in ("edit", "delete", "rollback")] == [False] * 3


def test_the_longest_name_there_may_be_has_all_its_pages(admin: Visitor, create: Create) -> None:
    assert len(LONGEST) == 128
    create(LONGEST, cron="0 3 * * *")
    here = f"/schedules/{LONGEST}"
    for path in (here, f"{here}?at=2026-11-23", f"{here}/versions", f"{here}/delete", f"{here}/rollback?version=1"):
        answer = admin.get(path)
        assert (answer.status_code, LONGEST in title_of(answer)) == (200, True)
    for act in ("pause", "resume", "trigger"):
        assert admin.send(here, f"{here}/{act}").headers["location"] == here


def test_a_schedule_that_is_called_as_a_page_is_has_one_of_its_own(admin: Visitor, create: Create) -> None:
    create("new", cron="0 3 * * *")
    here = "/schedules/new/page"
    assert f'<a href="{here}">new</a>' in admin.get("/schedules").text
    assert title_of(admin.get(here)) == "new"
    for act in ("pause", "resume", "trigger"):
        assert admin.send(here, f"/schedules/new/{act}").headers["location"] == here
    for path in ("versions", "delete", "rollback?version=1"):
        assert f'href="{here}"' in admin.get(f"/schedules/new/{path}").text


def test_a_schedule_that_runs_is_looked_at_more_often(admin: Visitor, schedule: UUID, add_slot: AddSlot) -> None:
    assert 'data-poll="5"' in admin.get("/schedules/nightly").text
    add_slot(schedule, HOUR_AGO, State.RUNNING, started=1)
    assert 'data-poll="2"' in admin.get("/schedules/nightly").text


def test_a_page_of_which_nothing_has_changed_is_the_same(admin: Visitor, schedule: UUID, add_slot: AddSlot) -> None:
    add_slot(schedule, HOUR_AGO, started=1, finished=13)
    first = admin.get("/schedules/nightly?at=2026-11-23")
    assert admin.get("/schedules/nightly?at=2026-11-23", **{"If-None-Match": first.headers["etag"]}).status_code == 304
