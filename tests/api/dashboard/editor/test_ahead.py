"""Looking ahead: what a form would do, before anybody saves it."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from falcon.testing import Result, TestClient

from api.dashboard.editor.ahead import say_local
from tests.api.dashboard.conftest import MakeToken
from tests.api.dashboard.editor.forms import fill, form_of
from tests.api.dashboard.visitor import Visitor


def preview(visitor: Visitor, **fields: str) -> Result:
    return visitor.send("/schedules", "/schedules/preview", **fields)


def test_the_next_slots_are_those_of_the_api(admin: Visitor, client: TestClient) -> None:
    answer = preview(admin, cron="30 2 * * *", timezone="Europe/Berlin", actor="", priority="many")
    api = client.simulate_post("/v1/preview", json={"cron": "30 2 * * *", "timezone": "Europe/Berlin"}).json
    assert answer.status_code == 200
    assert re.findall(r'datetime="([^"]+)"', answer.text) == [slot["slot_at"] for slot in api["slots"]]
    assert api["words"] in answer.text
    assert say_local(api["slots"][0]["local"]) in answer.text
    assert "<html" not in answer.text


def test_a_change_of_the_clock_is_marked(admin: Visitor) -> None:
    answer = preview(admin, cron="30 2 * * *", timezone="Europe/Berlin", starts_at="2090-03-20T00:00:00Z")
    assert "⚠" in answer.text


def test_a_slot_is_said_in_the_zones_own_time() -> None:
    assert say_local("2026-03-29T03:00:00+02:00") == "Sun 29 Mar 2026, 03:00 +02:00"
    assert say_local("2026-03-01T03:00:05.500000+00:00") == "Sun 1 Mar 2026, 03:00:05 +00:00"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"cron": "61 * * * *"}, "Cron: "),
        ({"cron": "0 3 * * *", "timezone": "Mars"}, "Timezone: unknown time zone"),
        ({"timezone": "Mars"}, "Timezone: unknown time zone"),
        ({"every_seconds": "soon"}, "Every seconds: must be a number"),
        ({"every_seconds": "5", "at": "2090-01-01T00:00:00Z"}, "At: only one of"),
        ({"at": "tomorrow"}, "At: must be an instant with an offset"),
        ({"cron": "0 3 * * *", "ends_at": "2001-01-01T00:00:00Z"}, "nothing is to come"),
        ({"cron": "0 0 13 * 5"}, "fires on days that match one of the two day fields"),
        ({"cron": ""}, "Only when it is triggered."),
        ({}, "Only when it is triggered."),
    ],
)
def test_what_is_wrong_is_said_in_words(admin: Visitor, fields: dict[str, str], words: str) -> None:
    answer = preview(admin, **fields)
    assert (answer.status_code, words in answer.text.replace("&#39;", "'")) == (200, True)


def test_the_bounds_of_when_are_heeded(admin: Visitor) -> None:
    end = (datetime.now(UTC) + timedelta(hours=49)).isoformat()
    assert preview(admin, cron="0 3 * * *", ends_at=end).text.count("<li>") == 2


def test_whoever_sees_anything_may_look_ahead(
    visitor: Visitor, make_token: MakeToken, create: Callable[..., Any]
) -> None:
    visitor.sign_in(make_token("viewer", only={"prefix": "ours-"}))
    assert preview(visitor, cron="0 3 * * *").text.count("<li>") == 10
    assert visitor.post("/schedules/preview", {"cron": "0 3 * * *"}).status_code == 403


def test_without_scripts_a_button_shows_it_and_saves_nothing(admin: Visitor, client: TestClient) -> None:
    answer = fill(admin, "/schedules/new", name="nightly", actor="x", every_seconds="900", show="preview")
    assert (answer.status_code, answer.text.count("<li><span")) == (200, 10)
    assert "Every 900 seconds" in answer.text
    assert form_of(answer)["name"] == "nightly"
    assert client.simulate_get("/v1/schedules/nightly").status_code == 404


def test_the_form_of_a_schedule_shows_what_is_to_come(admin: Visitor, create: Callable[..., Any]) -> None:
    create("nightly", cron="0 3 * * *")
    assert admin.get("/schedules/nightly/edit").text.count("<li><span") == 10


def test_how_much_else_starts_then_is_said(
    admin: Visitor, visitor: Visitor, make_token: MakeToken, create: Callable[..., Any]
) -> None:
    for number in range(3):
        create(f"s{number}", cron="0 3 * * *")
    assert "At 03:00 this minute already has 3 starts; " in preview(admin, cron="0 3 * * *").text
    assert "already has 2 starts; " in preview(admin, cron="0 3 * * *", of="s0").text
    assert "already has 2 starts; " in admin.get("/schedules/s0/edit").text
    assert "At 04:00 no other schedule starts." in preview(admin, cron="0 4 * * *").text
    visitor.sign_in(make_token("viewer", only={"prefix": "s1"}))
    assert "already has 1 start; " in preview(visitor, cron="0 3 * * *").text
