"""The page of a run: how it stands and why, what happened, what it printed, and what is done to it."""

import itertools
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from uuid import UUID, uuid4

import pytest
from falcon.testing import TestClient

from api.dashboard.runs import one
from models.words.states import SkipReason, State, Trigger
from tests.api.conftest import HOUR_AGO
from tests.api.dashboard.conftest import MakeToken
from tests.api.dashboard.visitor import Visitor, title_of

AddRun = Callable[..., UUID]
Finish = Callable[..., None]
Execute = Callable[..., Any]


def words_of(html: str) -> str:
    """What people read of a part of a page."""
    return unescape(" ".join(re.sub(r"<[^>]*>", " ", html).split()))


def part(page: str, heading: str) -> str:
    """What stands under a heading."""
    found = re.search(rf"<h2>{heading}</h2>(.*?)(?:<h2>|</main>)", page, re.DOTALL)
    return words_of(found[1]) if found else ""


def because(page: str) -> str:
    found = re.search(r'<p class="because">(.*?)</p>', page, re.DOTALL)
    assert found is not None
    return words_of(found[1])


def test_a_run_of_a_slot_says_what_happened_and_why(
    admin: Visitor, schedule: UUID, add_slot: Callable[..., UUID]
) -> None:
    run = add_slot(
        schedule, HOUR_AGO, planned=0.5, queued=1, started=3, finished=63, schedule_name="nightly",
        columns={"waiting_for": "worker", "attempts": "[]"},
    )  # fmt: skip
    answer = admin.get(f"/runs/{run}")
    page = answer.text
    assert (answer.status_code, title_of(answer)) == (200, f"Run {run.hex[-8:]} of nightly")
    assert "3 seconds late because no worker of its queue default knew its actor log_message" in because(page)
    told = part(page, "What happened")
    assert re.sub(r"\d{4}-\S+ \S+ UTC", "…", told) == (
        "Due … Planned … + 500 ms Queued … + 500 ms Started … + 2 s Succeeded … + 1 min Lateness 3 s · Duration 1 min"
    )
    assert '<a href="/schedules/nightly">nightly</a>' in page


def test_what_waits_says_for_what_and_since_when(admin: Visitor, add_run: AddRun, execute: Execute) -> None:
    run = add_run(30, columns={"waiting_for": "actor"})
    said = because(admin.get(f"/runs/{run}").text)
    assert re.fullmatch(
        r"It has been due since \S+Z, and waits because no worker has announced its actor log_message\.", said
    )
    execute("UPDATE runs SET state = 'queued', queued_at = now(), waiting_for = NULL")
    assert "Its message has waited in the queue default for a worker since" in because(admin.get(f"/runs/{run}").text)


@pytest.mark.parametrize(
    "columns", [{"waiting_for": "actor"}, {"worker_id": uuid4(), "attempt": 1, "state": "running"}]
)
def test_the_page_is_the_same_text_while_nothing_happens(
    admin: Visitor,
    add_run: AddRun,
    execute: Execute,
    finish: Finish,
    columns: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = add_run(30, columns=columns)
    execute("UPDATE runs SET started_at = due_at WHERE state = 'running'")
    first = admin.get(f"/runs/{run}")
    assert 'data-poll="2"' in first.text
    monkeypatch.setattr(one, "read_clock", lambda _connection: datetime.now(UTC) + timedelta(seconds=90))
    assert admin.get(f"/runs/{run}", **{"If-None-Match": first.headers["etag"]}).status_code == 304
    finish(run)
    last = admin.get(f"/runs/{run}", **{"If-None-Match": first.headers["etag"]})
    assert (last.status_code, 'data-poll="5"' in last.text) == (200, True)


def test_attempts_are_a_table_and_each_has_its_output(admin: Visitor, add_run: AddRun, execute: Execute) -> None:
    run = add_run(600, max_retries=3)
    due = HOUR_AGO
    attempts = [
        {
            "number": number, "worker": str(uuid4()), "due_at": due.isoformat(),
            "started_at": (due + timedelta(minutes=number)).isoformat(),
            "finished_at": (due + timedelta(minutes=number, seconds=5)).isoformat(), "outcome": outcome,
            "error": {"type": "OSError", "message": f"no {number}"}, "backoff_seconds": 55.0,
        }
        for number, outcome in ((1, "failed"), (2, "timed_out"))
    ]  # fmt: skip
    execute(
        "UPDATE runs SET state = 'running', attempt = 3, worker_id = %(worker)s, attempts = %(attempts)s,"
        " due_at = %(due)s + interval '3 min', started_at = %(due)s + interval '3 min', queued_at = NULL",
        worker=uuid4(), attempts=json.dumps(attempts), due=due,
    )  # fmt: skip
    for number in range(1, 4):
        execute(
            "INSERT INTO run_outputs VALUES (%(run)s, %(number)s, %(text)s, false, %(trace)s)",
            run=run, number=number, text=f"hello {number}", trace="Traceback …" if number < 3 else None,
        )  # fmt: skip
    page = admin.get(f"/runs/{run}").text
    table = part(page, "Attempts")
    assert re.findall(r"([123]) (running|failed|timed out) ", table) == [
        ("3", "running"), ("2", "timed out"), ("1", "failed"),
    ]  # fmt: skip
    assert "5 s" in table
    assert "OSError: no 2 next after 55 s" in table
    assert re.findall(r"hello \d", part(page, "Output")) == ["hello 3", "hello 2", "hello 1"]
    assert page.count("Traceback …") == 2
    assert page.count('<details class="printed" id="output-3" open>') == 1
    story = part(page, "What happened")
    for word in ("Due ", "Attempt 1 started", "Attempt 2: timed out", "Due again", "Started"):
        assert word in story


def test_it_leads_to_the_runs_around_it(
    admin: Visitor, schedule: UUID, add_slot: Callable[..., UUID], client: TestClient
) -> None:
    slots = [HOUR_AGO + timedelta(minutes=number) for number in range(3)]
    before, run, after = (add_slot(schedule, slot, started=1, finished=2, schedule_name="nightly") for slot in slots)
    again = client.simulate_post(f"/v1/runs/{run}/retry").json["id"]
    around = admin.get(f"/runs/{run}").text
    assert re.findall(r"<dt>(\w+ run|Run again \w+)</dt>\s*<dd><a href=\"/runs/([^\"]+)\"", around) == [
        ("Previous run", str(before)), ("Next run", str(after)), ("Run again as", again),
    ]  # fmt: skip
    child = admin.get(f"/runs/{again}").text
    assert re.search(rf"<dt>Run again from</dt>\s*<dd><a href=\"/runs/{run}\"", child)


def test_a_run_is_cancelled_and_run_again(admin: Visitor, add_run: AddRun, client: TestClient) -> None:
    run = add_run(args={"message": "hello"})
    page = admin.get(f"/runs/{run}").text
    assert ("Cancel run</button>" in page, "Retry run</button>" in page) == (True, False)
    answer = admin.send(f"/runs/{run}", f"/runs/{run}/cancel")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/runs/{run}")
    page = admin.get(f"/runs/{run}").text
    assert ("Cancel run</button>" in page, "Retry run</button>" in page) == (False, True)
    answer = admin.send(f"/runs/{run}", f"/runs/{run}/retry")
    [again, first] = client.simulate_get("/v1/runs").json["items"]
    assert answer.headers["location"] == f"/runs/{again['id']}"
    assert (again["parent_run_id"], again["created_by"], first["state"]) == (str(run), "admin", "cancelled")
    assert admin.note(f"/runs/{again['id']}") == "This is the new run, with the same arguments."
    late = admin.send(f"/runs/{again['id']}", f"/runs/{again['id']}/retry")
    assert (late.status_code, "has not ended" in late.text) == (409, True)


def test_viewers_have_no_buttons_and_are_refused(visitor: Visitor, make_token: MakeToken, add_run: AddRun) -> None:
    run = add_run()
    visitor.sign_in(make_token("viewer"))
    assert visitor.get(f"/runs/{run}").text.count("<form") == 2  # to sign out, and to close the help
    for act in ("cancel", "retry"):
        assert visitor.send(f"/runs/{run}", f"/runs/{run}/{act}").status_code == 403


def test_who_sees_a_part_is_led_to_nothing_else(
    visitor: Visitor, make_token: MakeToken, create: Callable[..., Any], add_run: AddRun, execute: Execute
) -> None:
    ours, theirs = (UUID(create(name)["id"]) for name in ("ours-1", "theirs"))
    other = add_run(schedule_name="theirs", schedule_id=theirs)
    mine = add_run(schedule_name="ours-1", schedule_id=ours, parent_run_id=other)
    visitor.sign_in(make_token("viewer", only={"prefix": "ours-"}))
    page = visitor.get(f"/runs/{mine}").text
    assert (str(other) in page, "theirs" in page) == (False, False)


def test_a_run_that_is_not_there_is_said(admin: Visitor) -> None:
    for path in (f"/runs/{uuid4()}", f"/runs/{uuid4()}/output"):
        answer = admin.get(path)
        assert (answer.status_code, title_of(answer)) == (404, "Not found")


def test_a_run_of_a_schedule_that_is_gone_or_of_many_slots_has_its_page(
    admin: Visitor, schedule: UUID, add_slot: Callable[..., UUID], add_run: AddRun, client: TestClient
) -> None:
    skipped = add_slot(
        schedule, HOUR_AGO, State.SKIPPED, reason="missed", schedule_name="nightly",
        columns={"slots": 5, "slot_until": HOUR_AGO + timedelta(minutes=4), "finished_at": HOUR_AGO},
    )  # fmt: skip
    for is_gone in (False, True):
        page = admin.get(f"/runs/{skipped}").text
        assert "The 5 slots from" in because(page)
        assert ("(deleted)" in page, "Retry run" in page) == (is_gone, False)
        client.simulate_delete("/v1/schedules/nightly")


@pytest.mark.parametrize("state", State)
def test_there_is_a_page_of_whatever_run(
    admin: Visitor, add_run: AddRun, create: Callable[..., Any], state: State
) -> None:
    schedule = UUID(create("nightly", cron="* * * * *", jitter_seconds=30)["id"])
    worker = {"worker_id": uuid4(), "attempt": 1, "deadline_at": HOUR_AGO, "cancel_requested_at": HOUR_AGO}
    ended: dict[str, Any] = {"number": 1, "worker": None, "started_at": None, "outcome": "lost", "error": None}
    attempts = json.dumps([ended | {"finished_at": HOUR_AGO.isoformat()}])
    reasons = list(SkipReason) if state is State.SKIPPED else [None]
    for trigger, owner in ((Trigger.SCHEDULE, schedule), (Trigger.MANUAL, schedule), (Trigger.MESSAGE, None)):
        for reason, more in itertools.product(reasons, ({}, {"attempts": attempts, "attempt": 2})):
            run = add_run(
                trigger=trigger, schedule_id=owner, schedule_name=owner and "nightly", reason=reason,
                state=State.SKIPPED if reason else State.PLANNED,
                slot_at=HOUR_AGO if owner and trigger is Trigger.SCHEDULE else None,
                columns=worker | more | ({} if reason else {"state": state.value}),
            )  # fmt: skip
            answer = admin.get(f"/runs/{run}")
            assert (answer.status_code, because(answer.text) != "") == (200, True), (trigger, reason, more)
    assert admin.get("/runs").status_code == 200
