"""The page of queues: what is on its way, why it waits, pauses and the hold."""

import re
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from falcon.testing import TestClient

from api.dashboard import queues
from models.dead_letters import note_counts, note_dead_letters
from tests.api.dashboard.conftest import MakeToken
from tests.api.dashboard.nouns.conftest import AddWorker
from tests.api.dashboard.visitor import Visitor, title_of

Insert = Callable[..., UUID]


def row_of(page: str, name: str) -> str:
    found = re.search(rf'<tr id="queue-{name}">.*?</tr>', page, re.DOTALL)
    assert found is not None, page
    return found[0]


def numbers(page: str, name: str) -> list[str]:
    return re.findall(r'<td class="number">([^<]*)</td>', row_of(page, name))


def test_queues_are_shown_with_what_is_on_its_way(
    admin: Visitor, add_run: Insert, add_worker: AddWorker, execute: Callable[..., Any]
) -> None:
    worker = add_worker()
    for age in (90, 20):
        add_run(age_seconds=age, queue="mail")
    add_run(queue="mail", columns={"state": "queued"})
    add_run(queue="mail", columns={"worker_id": worker, "state": "running"})
    answer = admin.get("/queues")
    assert title_of(answer) == "Queues"
    row = row_of(answer.text, "mail")
    assert numbers(answer.text, "mail") == ["2", "1", "1"]
    [(oldest,)] = execute("SELECT min(due_at) AT TIME ZONE 'UTC' FROM runs")
    assert f'<td><time datetime="{oldest.isoformat()}Z">' in row
    assert ("1 of 4 busy" in row, "no worker has announced the actor log_message" in row) == (True, True)
    assert 'data-poll="2"' in answer.text


def test_why_scheduling_is_away_is_the_same_text_however_long(
    admin: Visitor, add_run: Insert, add_worker: AddWorker, announce: Callable[..., None], execute: Callable[..., Any]
) -> None:
    announce()
    add_worker(actors=["log_message"])
    add_run(age_seconds=60, queue="mail")
    assert "no scheduling process has ever done a round" in admin.get("/queues").text
    execute(
        "INSERT INTO schedulers (id, host, pid, started_at, ticked_at)"
        " VALUES (%(id)s, 'h', 1, now(), now() - interval '1 hour')",
        id=uuid4(),
    )
    first = admin.get("/queues")
    assert "no scheduling process has done a round since <time" in first.text
    assert admin.get("/queues", **{"If-None-Match": first.headers["etag"]}).status_code == 304


def test_a_queue_is_paused_with_a_reason_and_resumed(
    admin: Visitor, announce: Callable[..., None], client: TestClient
) -> None:
    announce()
    answer = admin.send("/queues", "/queues/mail/pause", reason="the server <moves>")
    assert answer.headers["location"] == "/queues"
    assert admin.note("/queues") == "The queue mail is paused."
    row = row_of(admin.get("/queues").text, "mail")
    assert ("by admin: the server &lt;moves&gt;" in row, ">Resume<" in row) == (True, True)
    admin.send("/queues", "/queues/mail/resume")
    assert client.simulate_get("/v1/queues").json["items"][0]["paused"] is False
    acts = client.simulate_get("/v1/audit?target=queues/mail").json["items"]
    assert [(each["action"], each["who"]) for each in acts] == [("queue.resume", "admin"), ("queue.pause", "admin")]


def test_everything_is_held_and_released(admin: Visitor, client: TestClient) -> None:
    admin.send("/queues", "/hold", reason="maintenance", until="2h")
    page = admin.get("/queues").text
    assert ("Everything is held" in page, "by admin, until <time" in page) == (True, True)
    assert ": maintenance</p>" in admin.get("/queues").text
    held = client.simulate_get("/v1/hold").json
    assert (held["held"], held["reason"], held["until"] is not None) == (True, "maintenance", True)
    admin.send("/queues", "/release")
    assert admin.note("/queues") == "Everything goes on."
    assert client.simulate_get("/v1/hold").json["held"] is False


@pytest.mark.parametrize("fields", [{}, {"reason": "  "}, {"reason": "x", "until": "2001-01-01T00:00:00Z"}])
def test_what_a_hold_lacks_is_said(admin: Visitor, client: TestClient, fields: dict[str, str]) -> None:
    assert admin.send("/queues", "/hold", **fields).status_code == 422
    assert client.simulate_get("/v1/hold").json["held"] is False


def test_very_many_are_not_counted(admin: Visitor, add_run: Insert, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queues, "LOOKED_AT", 12)
    for priority in (1, 5, 9):
        for _ in range(2):
            add_run(age_seconds=5, queue="mail", priority=priority)
    add_run(age_seconds=5, queue="reports")
    page = admin.get("/queues").text
    assert numbers(page, "mail") == ["3 or more", "0", "0"]
    assert numbers(page, "reports") == ["1", "0", "0"]


def test_a_viewer_has_no_buttons_and_is_refused(
    visitor: Visitor, make_token: MakeToken, announce: Callable[..., None], client: TestClient
) -> None:
    announce()
    client.simulate_post("/v1/hold", json={"reason": "maintenance"})
    visitor.sign_in(make_token("viewer"))
    page = visitor.get("/queues").text
    assert ("Everything is held" in page, page.count("<form")) == (True, 2)
    for path in ("/queues/mail/pause", "/queues/mail/resume", "/hold", "/release"):
        assert visitor.send("/queues", path, reason="x").status_code == 403


def test_who_sees_a_part_has_no_queues(visitor: Visitor, make_token: MakeToken) -> None:
    visitor.sign_in(make_token("operator", only={"prefix": "crm-"}))
    assert visitor.get("/queues").status_code == 403
    for path in ("/queues/mail/pause", "/hold", "/release"):
        assert visitor.send("/schedules", path, reason="x").status_code == 403


def test_dead_letters_are_shown_with_the_reasons_of_the_latest(admin: Visitor, engine: sa.Engine) -> None:
    letters = [{"reason": "not_json", "because": "it is <no> JSON", "bytes": 123}]
    with engine.begin() as connection:
        note_dead_letters(connection, "mail", uuid4(), letters)
        note_counts(connection, {"mail": 12, "reports": 2})
    page = admin.get("/queues").text
    row = row_of(page, "mail")
    assert ("12 dead letters" in row, "it is &lt;no&gt; JSON (123 bytes)" in row) == (True, True)
    assert "Why is in the headers of each" in row_of(page, "reports")


def test_where_there_are_no_dead_letters_or_nobody_has_counted_them(
    admin: Visitor, engine: sa.Engine, announce: Callable[..., None], add_run: Insert
) -> None:
    announce()
    add_run(queue="reports")
    with engine.begin() as connection:
        note_counts(connection, {"mail": 0})
    page = admin.get("/queues").text
    assert ("<td>none</td>" in row_of(page, "mail"), "<td>none</td>" in row_of(page, "reports")) == (True, False)
