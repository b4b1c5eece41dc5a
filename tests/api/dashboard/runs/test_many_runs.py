"""All that match a filter, cancelled or run again: how many those are is said before."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any
from uuid import UUID

import pytest
from falcon.testing import TestClient

from models.finding import finds
from models.words.states import State
from scheduling.commands import bulk
from tests.api.dashboard.conftest import MakeToken
from tests.api.dashboard.visitor import OURS, Visitor, title_of

AddRun = Callable[..., UUID]
Finish = Callable[..., None]


def confirm(visitor: Visitor, path: str) -> Any:
    """Send the form of the page that asks."""
    page = visitor.get(path).text
    action = re.search(r'<form method="post" action="(/runs/[^"]+)">.*?value="(\w+)">', page, re.DOTALL)
    assert action is not None, page
    return visitor.post(unescape(action[1]), {"form_key": action[2]}, **OURS)


def states(client: TestClient) -> list[str]:
    return sorted(run["state"] for run in client.simulate_get("/v1/runs").json["items"])


def test_all_that_match_are_run_again_once_it_was_said_how_many(
    admin: Visitor, client: TestClient, add_run: AddRun, finish: Finish
) -> None:
    for number in range(3):
        finish(add_run(number), State.FAILED, type="ValueError", message=f"no {number}")
    finish(add_run(actor="work"), State.FAILED)
    finish(add_run())
    page = admin.get("/runs?actor=log_message").text
    assert '<form method="get" action="/runs/retry">' in page
    assert page.count('<input type="hidden" name="actor" value="log_message">') == 2
    asked = admin.get("/runs/retry?actor=log_message")
    assert title_of(asked) == "Retry runs"
    assert "<strong>3 runs</strong> would be run again" in asked.text
    assert len(states(client)) == 5
    answer = confirm(admin, "/runs/retry?actor=log_message")
    assert (answer.status_code, answer.headers["location"]) == (303, "/runs?actor=log_message")
    assert admin.note("/runs?actor=log_message") == "3 runs were run again."
    assert states(client) == ["failed"] * 4 + ["planned"] * 3 + ["succeeded"]


def test_all_that_match_are_cancelled(admin: Visitor, client: TestClient, add_run: AddRun, finish: Finish) -> None:
    for _ in range(2):
        add_run()
    finish(add_run())
    add_run(actor="work")
    assert "<strong>2 runs</strong> would be cancelled" in admin.get("/runs/cancel?q=log&since=1h").text
    confirm(admin, "/runs/cancel?q=log&since=1h")
    assert admin.note("/runs") == "2 runs were cancelled."
    assert states(client) == ["cancelled", "cancelled", "planned", "succeeded"]
    acts = client.simulate_get("/v1/audit?action=run.cancel").json["items"]
    assert {(each["who"], each["role"]) for each in acts} == {("admin", "admin")}


def test_several_states_are_all_carried_along(
    admin: Visitor, client: TestClient, add_run: AddRun, finish: Finish
) -> None:
    finish(add_run(), State.FAILED)
    finish(add_run(), State.CANCELLED)
    finish(add_run())
    path = "/runs/retry?state=failed&state=cancelled"
    assert "<strong>2 runs</strong>" in admin.get(path).text
    confirm(admin, path)
    assert states(client).count("planned") == 2


def test_a_span_up_to_now_is_an_instant_once_it_is_asked_whether(admin: Visitor, add_run: AddRun) -> None:
    add_run()
    page = admin.get("/runs/cancel?since=2h").text
    assert re.search(r'action="/runs/cancel\?since=\d{4}-\d\d-\d\dT', page)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/runs/cancel?state=failed", "What these filters find has ended"),
        ("/runs/retry?state=running", "What these filters find has not ended"),
        ("/runs/cancel?actor=none", "<strong>0 runs</strong> would be cancelled"),
    ],
)
def test_where_there_is_nothing_to_do_there_is_no_button(admin: Visitor, path: str, words: str) -> None:
    page = admin.get(path).text
    assert words in page
    assert '<form method="post" action="/runs' not in page


def test_a_count_that_ends_somewhere_says_so(
    admin: Visitor, add_run: AddRun, finish: Finish, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(4):
        finish(add_run(), State.FAILED)
    monkeypatch.setattr(bulk, "MOST", 3)
    page = admin.get("/runs/retry").text
    assert "<strong>3 or more runs</strong>" in page
    assert "At most 3 are run again at once" in page
    assert "No filter is chosen" in page


def test_a_count_looks_at_few(
    admin: Visitor, add_run: AddRun, finish: Finish, monkeypatch: pytest.MonkeyPatch, execute: Callable[..., Any]
) -> None:
    finish(add_run(100, actor="rare"), State.CANCELLED)
    for age in range(4):
        finish(add_run(age))
    monkeypatch.setattr(bulk, "SCANNED_ROWS", 2)
    monkeypatch.setattr(finds, "COUNTED_ROWS", 1)
    page = admin.get("/runs/retry?state=cancelled").text
    assert "<strong>0 or more runs</strong>" in page


def test_what_could_not_be_is_said(admin: Visitor, add_run: AddRun, finish: Finish) -> None:
    finish(add_run(), State.FAILED)
    skipped = add_run(
        state=State.SKIPPED, reason="missed", columns={"slots": 3, "slot_at": "2026-01-01", "slot_until": "2026-01-03"}
    )
    assert skipped
    confirm(admin, "/runs/retry?state=failed&state=skipped")
    note = admin.note("/runs")
    assert note == "1 run was run again. 1 could not be: this is the record of 3 skipped slots, not a run."


def test_viewers_may_not_and_have_no_button(
    visitor: Visitor, make_token: MakeToken, add_run: AddRun, client: TestClient
) -> None:
    add_run()
    visitor.sign_in(make_token("viewer"))
    assert "all that match" not in visitor.get("/runs").text
    for verb in ("cancel", "retry"):
        assert visitor.get(f"/runs/{verb}").status_code == 403
        assert visitor.send("/runs", f"/runs/{verb}").status_code == 403
    assert states(client) == ["planned"]


def test_a_form_of_elsewhere_changes_nothing(admin: Visitor, add_run: AddRun, client: TestClient) -> None:
    add_run()
    assert admin.post("/runs/cancel", {}, **OURS).status_code == 403
    assert admin.post("/runs/cancel", {"form_key": "0" * 64}, **OURS).status_code == 403
    assert states(client) == ["planned"]


def test_who_sees_a_part_changes_that_part_alone(
    visitor: Visitor, make_token: MakeToken, create: Callable[..., Any], add_run: AddRun, client: TestClient
) -> None:
    ours, theirs = (UUID(create(name)["id"]) for name in ("ours-1", "theirs"))
    add_run(schedule_name="ours-1", schedule_id=ours)
    add_run(schedule_name="theirs", schedule_id=theirs)
    visitor.sign_in(make_token("operator", only={"prefix": "ours-"}))
    assert "<strong>1 run</strong>" in visitor.get("/runs/cancel").text
    confirm(visitor, "/runs/cancel")
    assert states(client) == ["cancelled", "planned"]
