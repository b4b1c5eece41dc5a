"""The form of a channel: each of its fields, what is wrong beside it, and nothing lost."""

from typing import Any

import pytest
from falcon.testing import TestClient

from api.dashboard.channels.form import FIELDS, MEANINGS, NARROWING
from models.notices.definition import ChannelDefinition
from models.words.notices import NoticeKind
from tests.api.dashboard.all_pages.places import Read
from tests.api.dashboard.channels.forms import FORM, HOOK, form_of, put, stored
from tests.api.dashboard.visitor import Visitor


def test_the_form_has_all_fields_and_events() -> None:
    assert {*FIELDS, "events", "filter"} - {*NARROWING} == set(ChannelDefinition.model_fields)
    assert list(MEANINGS) == list(NoticeKind)


def test_a_channel_is_made_in_the_form(admin: Visitor, client: TestClient) -> None:
    sent = {
        "name": "ops", "description": "who is\r\non call", "kind": "webhook", "url": HOOK, "to": "",
        "secret": "${secret:HOOK_KEY}", "events": ["failed", "slow"], "prefix": "crm-", "tags": "sales, eu",
        "schedules": "nightly", "after_failures": "2", "quiet_seconds": "10m", "slow_factor": "2.5",
    }  # fmt: skip
    assert admin.send("/channels/new", "/channels/new", **sent).headers["location"] == "/channels/ops"
    assert admin.note("/channels/ops") == "It was made. Test sends something there."
    made = stored(client, "ops")
    assert {name: made[name] for name in ChannelDefinition.model_fields} == {
        "description": "who is\non call", "kind": "webhook", "url": HOOK, "to": None, "secret": "${secret:HOOK_KEY}",
        "events": ["failed", "slow"], "filter": {"prefix": "crm-", "tags": ["sales", "eu"], "schedules": ["nightly"]},
        "after_failures": 2, "quiet_seconds": 600, "slow_factor": 2.5,
    }  # fmt: skip
    page = admin.get("/channels/ops").text
    assert all(words in page for words in (HOOK, "a run took much longer", "10 min per schedule", "<code>crm-</code>"))
    row = admin.get("/channels").text
    assert all(words in row for words in ('href="/channels/ops"', ">slow<", ">eu<", "10 min"))
    [act] = client.simulate_get("/v1/audit?target=channels/ops").json["items"]
    assert (act["action"], act["who"]) == ("channel.create", "admin")
    assert '<a href="/channels/ops">channels/ops</a>' in admin.get("/audit").text


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {
            "filter": {"tags": ["a, b", "[c"]},
            "quiet_seconds": 0.5,
            "description": "  two\n lines ",
            "after_failures": 9,
        },
        {"kind": "email", "url": None, "to": ["b@example.com", "a@example.com"], "filter": {"prefix": " x "}},
        {"events": [word.value for word in NoticeKind], "slow_factor": 1.0000001, "secret": "${secret:A}"},
    ],
    ids=str,
)
def test_saving_what_was_not_changed_changes_nothing(
    admin: Visitor, client: TestClient, fields: dict[str, Any]
) -> None:
    put(client, "ops", **fields)
    before = stored(client, "ops")
    sent = form_of(admin, "/channels/ops")
    assert admin.send("/channels/ops", "/channels/ops", **sent).headers["location"] == "/channels/ops"
    after = stored(client, "ops")
    assert {name: after[name] for name in ChannelDefinition.model_fields} == {
        name: before[name] for name in ChannelDefinition.model_fields
    }


def test_what_is_emptied_has_its_default(admin: Visitor, client: TestClient) -> None:
    put(client, "ops", filter={"prefix": "a"}, after_failures=3, description="x")
    sent = form_of(admin, "/channels/ops") | {"prefix": "", "after_failures": " ", "description": ""}
    admin.send("/channels/ops", "/channels/ops", **sent)
    saved = stored(client, "ops")
    assert (saved["filter"], saved["after_failures"], saved["description"]) == (None, 1, "")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "Not So"}, "name"),
        ({"name": "taken"}, "name"),
        ({"kind": "fax"}, "kind"),
        ({"url": ""}, "url"),
        ({"url": "ftp://example.com"}, "url"),
        ({"secret": "in the clear"}, "secret"),
        ({"kind": "email", "url": "", "to": "nobody"}, "to"),
        ({"events": []}, "events"),
        ({"after_failures": "many"}, "after_failures"),
        ({"after_failures": "0"}, "after_failures"),
        ({"quiet_seconds": "-1"}, "quiet_seconds"),
        ({"slow_factor": "1"}, "slow_factor"),
        ({"schedules": "No Name"}, "schedules"),
        ({"tags": "t" * 101}, "tags"),
    ],
    ids=str,
)
def test_what_is_wrong_stands_beside_its_field_and_the_rest_is_kept(
    admin: Visitor, client: TestClient, fields: dict[str, Any], field: str
) -> None:
    put(client, "taken")
    sent = FORM | {"name": "ops", "description": "what was typed"} | fields
    answer = admin.send("/channels/new", "/channels/new", **sent)
    assert answer.status_code == 422
    assert f'class="error" id="{field}-error"' in answer.text
    assert "what was typed" in answer.text
    assert [each["name"] for each in client.simulate_get("/v1/channels").json["items"]] == ["taken"]
    assert stored(client, "taken")["version"] == 1
    if field != "name":
        there = form_of(admin, "/channels/taken") | fields
        answer = admin.send("/channels/taken", "/channels/taken", **there)
        assert (answer.status_code, f'id="{field}-error"' in answer.text) == (422, True)
        assert '<details class="act" id="edit" open>' in answer.text


def test_what_somebody_has_saved_meanwhile_is_not_lost_unseen(admin: Visitor, client: TestClient) -> None:
    put(client, "ops")
    sent = form_of(admin, "/channels/ops") | {"after_failures": "7"}
    put(client, "ops", description="theirs")
    answer = admin.send("/channels/ops", "/channels/ops", **sent)
    assert (answer.status_code, "Somebody has changed the channel" in answer.text) == (409, True)
    assert stored(client, "ops")["description"] == "theirs"
    [form] = [form for form in Read(answer.text).forms if "after_failures" in form.fields]
    assert form.fields["after_failures"] == "7"
    admin.send("/channels/ops", "/channels/ops", **sent | {"if_match": form.fields["if_match"]})
    assert (stored(client, "ops")["description"], stored(client, "ops")["after_failures"]) == ("", 7)
