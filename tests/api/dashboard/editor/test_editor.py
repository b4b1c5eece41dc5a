"""The editor: schedules are created and changed, what is wrong is said where it is, and nothing is lost."""

import json
import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from falcon.testing import TestClient

from models.definition import COLUMNS
from tests.api.dashboard.editor.forms import fill, form_of, send
from tests.api.dashboard.visitor import Visitor, title_of

Create = Callable[..., dict[str, Any]]
Announce = Callable[..., None]
Get = Callable[..., dict[str, Any]]

NEW, EDIT = "/schedules/new", "/schedules/nightly/edit"
PARAMETERS = {
    "type": "object",
    "properties": {
        "message": {"type": "string"},
        "count": {"anyOf": [{"type": "integer"}, {"type": "null"}], "default": 3},
        "is_on": {"type": "boolean", "default": False},
        "level": {"enum": ["info", "warning"]},
        "headers": {"type": "object"},
    },
    "required": ["message"],
    "additionalProperties": False,
}
ODD = {
    "description": "one\n\ntwo <b>&amp; \"three\"",
    "args": {
        "message": "\n${secret:KEY} </textarea>\r", "count": None, "id": 2**80, "text": "", "deep": [{"a": [1.0]}],
    },
    "queue": "mail",
    "priority": 7,
    "cron": ["0 3 * * *", "30 4 * * 1"],
    "timezone": "Europe/Berlin",
    "starts_at": "2020-01-01T00:00:00.000001Z",
    "ends_at": "2090-01-01T00:00:00+01:00",
    "max_runs": 2**31 - 1,
    "jitter_seconds": 0.125,
    "overlap": "buffer_one",
    "catchup": "all",
    "catchup_window_seconds": 1e8,
    "max_retries": 0,
    "min_backoff_seconds": 1.5,
    "max_backoff_seconds": 3,
    "time_limit_seconds": 60,
    "start_deadline_seconds": 0.5,
    "pause_after_failures": 3,
    "notify_late_seconds": 9,
    "tags": ["a, b", "crm"],
}  # fmt: skip


@pytest.fixture
def get(client: TestClient) -> Get:
    """The schedule, as the API has it."""

    def of(name: str = "nightly") -> dict[str, Any]:
        answer = client.simulate_get(f"/v1/schedules/{name}")
        assert answer.status_code == 200, answer.text
        return answer.json

    return of


def errors_in(page: str) -> dict[str, str]:
    """What is said beside the fields, by their ids."""
    return {
        name: unescape(words) for name, words in re.findall(r'<p class="error" id="([\w-]+)-error">(.*?)</p>', page)
    }


def test_every_field_of_a_definition_is_there_with_its_label(admin: Visitor) -> None:
    page = admin.get(NEW).text
    fields = form_of(admin.get(NEW))
    for name in COLUMNS:
        assert name in fields
        words = name.replace("_", " ").capitalize()
        assert f'<label for="{name}">{words}</label>' in page
        assert re.search(rf'<(input|select|textarea) id="{name}" name="{name}"', page)


def test_a_schedule_is_created(admin: Visitor, announce: Announce, get: Get) -> None:
    announce(parameters=PARAMETERS)
    assert title_of(admin.get(NEW)) == "New schedule"
    answer = fill(
        admin, f"{NEW}?actor=log_message", name="nightly", cron="0 3 * * *", timezone="Europe/Berlin", tags="crm, big",
        args_message="hello", args_count=str(2**70), args_is_on="true", args_level='"info"', args_headers='{"a": 1}',
        max_retries="2", overlap="allow", description="one\ntwo",
    )  # fmt: skip
    assert (answer.status_code, answer.headers["location"]) == (303, "/schedules/nightly")
    assert admin.note("/schedules/nightly") == "It was created."
    made = get()
    assert made["args"] == {"message": "hello", "count": 2**70, "is_on": True, "level": "info", "headers": {"a": 1}}
    assert (made["cron"], made["timezone"], made["tags"]) == ("0 3 * * *", "Europe/Berlin", ["crm", "big"])
    assert (made["max_retries"], made["overlap"], made["description"]) == (2, "allow", "one\ntwo")
    assert (made["source"], made["paused_at"], made["every_seconds"]) == ("api", None, None)


def test_a_schedule_may_begin_paused(admin: Visitor, get: Get) -> None:
    fill(admin, NEW, name="nightly", actor="x", paused="true")
    assert get()["paused_by"] == "admin"


def test_an_edit_that_changes_nothing_makes_no_version(
    admin: Visitor, create: Create, get: Get, announce: Announce
) -> None:
    create("nightly", **ODD)
    for parameters in (None, PARAMETERS):
        if parameters:
            announce(parameters=parameters)
        answer = fill(admin, EDIT)
        assert (answer.status_code, answer.headers["location"]) == (303, "/schedules/nightly")
        assert admin.note("/schedules/nightly") == "Nothing was changed."
        assert get()["version"] == 1


def test_an_edit_changes_what_was_changed_alone(admin: Visitor, create: Create, client: TestClient) -> None:
    create("nightly", **ODD)
    fill(admin, EDIT, priority="3", tags="crm")
    assert admin.note("/schedules/nightly") == "It was saved, as version 2."
    [second, _] = client.simulate_get("/v1/schedules/nightly/versions").json["items"]
    assert [(each["field"], each["after"]) for each in second["changes"]] == [("priority", 3), ("tags", ["crm"])]
    assert (second["who"], second["action"]) == ("admin", "schedule.update")


def test_policies_that_are_the_actors_stay_the_actors(
    admin: Visitor, create: Create, announce: Announce, client: TestClient
) -> None:
    announce(options={"max_retries": 4})
    create("nightly", max_retries=1)
    assert "Empty: 4, the actor&#39;s." in admin.get(EDIT).text
    fill(admin, EDIT, max_retries="")
    [newest, _] = client.simulate_get("/v1/schedules/nightly/versions").json["items"]
    assert [(each["field"], each["after"]) for each in newest["changes"]] == [("max_retries", None)]


def test_what_is_wrong_stands_beside_its_field_and_what_was_typed_stays(admin: Visitor, announce: Announce) -> None:
    announce(parameters=PARAMETERS)
    answer = fill(
        admin, f"{NEW}?actor=log_message", name="Nightly!", priority="99", cron="0 3 * *", args_count="many", tags="x",
        every_seconds="soon",
    )  # fmt: skip
    assert answer.status_code == 422
    found = errors_in(answer.text)
    assert list(found) == ["name", "priority", "argument-1", "every_seconds"]
    assert found["argument-1"] == "must be a number"
    fields = form_of(answer)
    assert (fields["name"], fields["priority"], fields["args.count"]) == ("Nightly!", "99", "many")
    assert (fields["cron"], fields["every_seconds"], fields["tags"]) == ("0 3 * *", "soon", "x")
    assert re.search(r'id="name"[^>]*aria-describedby="name-error name-help"[^>]*aria-invalid="true"', answer.text)
    assert answer.text.count("autofocus") == 1
    assert re.search(r'id="name"[^>]*autofocus', answer.text, re.DOTALL)
    assert '<li><a href="#priority">Priority</a>' in answer.text
    answer = fill(admin, f"{NEW}?actor=log_message", name="", priority="99", cron="61 * * * *")
    assert list(errors_in(answer.text)) == ["name", "priority", "argument-0", "cron"]


def test_what_the_rules_say_stands_beside_its_field_too(admin: Visitor, announce: Announce) -> None:
    announce(parameters=PARAMETERS)
    answer = fill(
        admin,
        f"{NEW}?actor=log_message",
        name="nightly",
        cron="0 3 * * *\n61 * * * *",
        every_seconds="5",
        timezone="Mars",
    )
    assert answer.status_code == 422
    assert set(errors_in(answer.text)) == {"every_seconds", "timezone", "argument-0"}
    assert errors_in(answer.text)["argument-0"] == "required by the actor"
    answer = fill(admin, NEW, name="nightly", actor="x", cron="0 3 * * *\n61 * * * *")
    assert errors_in(answer.text)["cron"].startswith("2: ")


def test_a_name_that_is_taken_is_said(admin: Visitor, create: Create) -> None:
    create("nightly")
    answer = fill(admin, NEW, name="nightly", actor="x", description="mine")
    assert (answer.status_code, errors_in(answer.text)) == (409, {"name": "there is a schedule of that name"})
    assert form_of(answer)["description"] == "mine"


def test_arguments_of_an_unknown_actor_are_json(admin: Visitor, get: Get) -> None:
    page = admin.get(f"{NEW}?actor=none")
    assert "No worker has announced an actor none" in page.text
    assert [name for name in form_of(page) if name.startswith("args")] == ["args"]
    answer = fill(admin, f"{NEW}?actor=none", name="nightly", args='{"a": [1, null],}')
    assert "is not valid JSON" in errors_in(answer.text)["args"]
    assert form_of(answer)["args"] == '{"a": [1, null],}'
    fill(admin, f"{NEW}?actor=none", name="nightly", args='{"a": [1, null]}')
    assert get()["args"] == {"a": [1, None]}


def test_another_actor_has_other_fields_and_takes_over_what_was_written(admin: Visitor, announce: Announce) -> None:
    announce(parameters=PARAMETERS)
    announce("other", {"type": "object", "properties": {"message": {"type": "string"}, "to": {"type": "string"}}})
    page = admin.get(f"{NEW}?actor=log_message")
    answer = send(admin, NEW, form_of(page), actor="other", args_message="hello", args_count="5", show="fields")
    fields = form_of(answer)
    assert answer.status_code == 200
    assert (fields["args.message"], fields["args.to"], json.loads(fields["args"])) == ("hello", "", {"count": 5})
    assert "args.count" not in fields
    answer = send(admin, NEW, form_of(page), actor="other", args_message="hello", args_count="five", show="fields")
    assert (form_of(answer)["args.count"], form_of(answer)["args.message"]) == ("five", "hello")


def test_what_fields_cannot_say_stands_beside_them(
    admin: Visitor, create: Create, announce: Announce, get: Get
) -> None:
    create("nightly", args={"message": "${secret:KEY}", "count": None, "is_on": False, "level": "${secret:LEVEL}"})
    announce(parameters=PARAMETERS)
    fields = form_of(admin.get(EDIT))
    assert (fields["args.message"], fields["args.count"], fields["args.is_on"]) == ("${secret:KEY}", "", "false")
    assert (fields["args.level"], json.loads(fields["args"])) == ('"${secret:LEVEL}"', {"count": None})
    fill(admin, EDIT, args_is_on="", description="x")
    assert get()["args"] == {"message": "${secret:KEY}", "count": None, "level": "${secret:LEVEL}"}
    fill(admin, EDIT, args_count="7")
    assert get()["args"]["count"] == 7


def test_a_duplicate_begins_with_what_another_has(admin: Visitor, create: Create, get: Get) -> None:
    create("nightly", **ODD)
    assert 'href="/schedules/new?from=nightly">Duplicate' in admin.get(EDIT).text
    assert form_of(admin.get(f"{NEW}?from=nightly"))["name"] == ""
    fill(admin, f"{NEW}?from=nightly", name="weekly")
    made, first = get("weekly"), get()
    assert {name: made[name] for name in COLUMNS} == {name: first[name] for name in COLUMNS}
    assert admin.get(f"{NEW}?from=none").status_code == 404
