"""The pages of channels: who is told, a test, deliveries, deleting, and who is told about a schedule."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any

from falcon.testing import TestClient

from tests.api.dashboard.channels.forms import FORM, form_of, put, stored
from tests.api.dashboard.conftest import MakeToken
from tests.api.dashboard.visitor import Visitor, title_of

Execute = Callable[..., Any]
Create = Callable[..., Any]


def test_there_is_nobody_at_first(admin: Visitor) -> None:
    page = admin.get("/channels")
    assert (title_of(page), "nobody is told" in page.text) == ("Channels", True)


def test_a_test_is_sent_and_seen_among_the_deliveries(admin: Visitor, client: TestClient, execute: Execute) -> None:
    put(client, "ops")
    assert "nothing yet" in admin.get("/channels").text
    assert "Nothing was told yet" in admin.get("/channels/ops").text
    assert 'data-poll="5"' in admin.get("/channels/ops").text
    assert admin.send("/channels/ops", "/channels/ops/test").headers["location"] == "/channels/ops"
    [delivery] = client.simulate_get("/v1/channels/ops/deliveries").json["items"]
    assert admin.note("/channels/ops") == f"A test is on its way, by run {delivery['id']}."
    page = admin.get("/channels/ops").text
    assert ('data-poll="2"' in page, f'href="/runs/{delivery["id"]}"' in page, ">planned<" in page) == (True,) * 3
    execute("UPDATE runs SET state = 'failed', finished_at = now(), error_type = 'Refused', error_message = 'no <b>'")
    page = admin.get("/channels/ops").text
    assert ("Refused: no &lt;b&gt;" in page, ">failed<" in page) == (True, True)
    assert 'test <span class="state failed">failed</span>' in admin.get("/channels").text
    execute("DELETE FROM runs")
    assert ("<time" in admin.get("/channels").text, "state failed" in admin.get("/channels").text) == (True, False)
    assert admin.get("/channels/ops/test").headers["location"] == "/channels/ops"


def test_deliveries_are_shown_a_page_at_a_time(admin: Visitor, client: TestClient) -> None:
    put(client, "ops")
    for _ in range(3):
        admin.send("/channels/ops", "/channels/ops/test")
    page = admin.get("/channels/ops?limit=2").text
    more = re.search(r'class="more" href="([^"]+)"', page)
    assert more is not None
    assert page.count('id="delivery-') == 2
    rest = admin.get(unescape(more[1])).text
    assert (rest.count('id="delivery-'), 'class="more"' in rest) == (1, False)


def test_a_channel_is_deleted_after_a_question(admin: Visitor, client: TestClient) -> None:
    put(client, "ops")
    assert title_of(admin.get("/channels/ops/delete")) == "Delete ops"
    assert admin.send("/channels/ops/delete", "/channels/ops/delete").headers["location"] == "/channels"
    assert admin.note("/channels") == "ops is deleted."
    for path in ("/channels/ops", "/channels/ops/delete"):
        assert admin.get(path).status_code == 404
    for path in ("/channels/ops", "/channels/ops/delete", "/channels/ops/test"):
        assert admin.send("/channels", path, **FORM).status_code == 404


def test_a_channel_may_be_called_new(admin: Visitor, client: TestClient) -> None:
    assert "named new" not in admin.get("/channels/new").text
    admin.send("/channels/new", "/channels/new", **FORM | {"name": "new"})
    assert 'href="/channels/new/page"' in admin.get("/channels").text
    assert 'href="/channels/new/page"' in admin.get("/channels/new").text
    sent = form_of(admin, "/channels/new/page") | {"after_failures": "4"}
    assert admin.send("/channels/new/page", "/channels/new/page", **sent).headers["location"] == "/channels/new/page"
    assert stored(client, "new")["after_failures"] == 4
    admin.send("/channels/new/page", "/channels/new/test")
    assert len(client.simulate_get("/v1/channels/new/deliveries").json["items"]) == 1
    admin.send("/channels/new/delete", "/channels/new/delete")
    assert client.simulate_get("/v1/channels").json["items"] == []


def test_one_of_a_file_says_so(admin: Visitor, client: TestClient) -> None:
    applied = client.simulate_post("/v1/apply", json={"source": "crm", "channels": {"ops": FORM}})
    assert applied.status_code == 200, applied.text
    for path in ("/channels/ops", "/channels/ops/delete"):
        assert "owned by the file" in admin.get(path).text


def test_others_read_and_see_no_more_of_an_address_than_its_host(
    visitor: Visitor, make_token: MakeToken, client: TestClient, create: Create
) -> None:
    create("nightly")
    put(client, "ops", url="https://hooks.example.com/a-path/of-its-own")
    visitor.sign_in(make_token("editor"))
    for path in ("/channels", "/channels/ops", "/schedules/nightly"):
        page = visitor.get(path)
        assert (page.status_code, "hooks.example.com" in page.text, "a-path" in page.text) == (200, True, False), path
    assert visitor.get("/channels/ops").text.count("<form") == 2
    for path in ("/channels/new", "/channels/ops/delete"):
        assert visitor.get(path).status_code == 403
    for path in ("/channels/new", "/channels/ops", "/channels/ops/page", "/channels/ops/test", "/channels/ops/delete"):
        assert visitor.send("/channels", path, **FORM).status_code == 403
    assert stored(client, "ops")["version"] == 1


def test_who_is_told_about_a_schedule_stands_on_its_page(
    admin: Visitor, site: TestClient, make_token: MakeToken, client: TestClient, create: Create
) -> None:
    create("crm-nightly", notify_late_seconds=60)
    create("other")
    assert "Nobody: no channel is about it." in admin.get("/schedules/crm-nightly").text
    put(client, "crm", filter={"prefix": "crm-"}, after_failures=3)
    put(client, "late-ones", events=["late"])
    page = admin.get("/schedules/crm-nightly").text
    told = page[page.index("Who is told about it") :]
    assert ('href="/channels/crm"' in told, 'href="/channels/late-ones"' in told) == (True, True)
    assert "Nobody: no channel is about it." in admin.get("/schedules/other").text
    scoped = Visitor(site)
    scoped.sign_in(make_token("admin", only={"prefix": "crm-"}))
    page = scoped.get("/schedules/crm-nightly").text
    assert (">crm<" in page, "/channels/" in page) == (True, False)
    for path in ("/channels", "/channels/crm", "/channels/new"):
        assert scoped.get(path).status_code == 403
