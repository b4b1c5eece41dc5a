"""The overview: what it says, to whom, and what it says first."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from falcon.testing import TestClient

from models.statistics.adding import Statistics
from models.statistics.counts import Counted, Kind
from models.words.states import State
from tests.api.dashboard.conftest import MakeToken
from tests.api.dashboard.visitor import Visitor, title_of

Execute = Callable[..., Any]
Create = Callable[..., dict[str, Any]]
AddRun = Callable[..., UUID]


def section(visitor: Visitor, heading: str) -> str:
    """What stands below a heading of the page, as text."""
    page = visitor.get("/").text
    found = re.search(rf"<h2[^>]*>{heading}</h2>(.*?)(?=<h2|</main>)", page, re.DOTALL)
    assert found is not None, heading
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", found[1])).split())


def tiles(visitor: Visitor) -> dict[str, str]:
    """The numbers at a glance."""
    found = re.findall(r'class="tile \w+" href="[^"]*"><strong>([^<]+)</strong> ([^<]+)<', visitor.get("/").text)
    return {name: number for number, name in found}


def running(add_run: AddRun, **fields: Any) -> UUID:
    columns = {"worker_id": uuid4(), "attempt": 1, "started_at": datetime.now(UTC), "state": "running"}
    return add_run(columns=columns, **fields)


def test_it_is_where_a_visitor_arrives_and_an_empty_one_says_what_to_do_first(
    admin: Visitor, visitor: Visitor, make_token: MakeToken
) -> None:
    answer = admin.get("/")
    assert (answer.status_code, title_of(answer)) == (200, "Overview")
    assert 'href="/schedules/new"' in answer.text
    assert 'href="/" data-key="o" aria-current="page"' in answer.text
    assert "callsheet apply" in section(admin, "Nothing is scheduled yet")
    assert set(tiles(admin).values()) == {"0"}
    visitor.sign_in(make_token("viewer"))
    assert "/schedules/new" not in visitor.get("/").text


def test_a_hold_is_a_banner(admin: Visitor, client: TestClient) -> None:
    assert 'class="banner"' not in admin.get("/").text
    client.simulate_post("/v1/hold", json={"reason": "<b>moving</b> the database"})
    page = admin.get("/").text
    banner = re.search(r'<p class="banner" role="alert">(.*?)</p>', page, re.DOTALL)
    assert banner is not None
    assert "by admin: &lt;b&gt;moving&lt;/b&gt; the database" in banner[1]


def test_what_is_due_and_has_not_started_is_late_after_a_minute_or_as_its_schedule_says(
    admin: Visitor, create: Create, add_run: AddRun
) -> None:
    patient = create("patient", cron="0 3 * * *", notify_late_seconds=600)["id"]
    strict = create("strict", cron="0 3 * * *", notify_late_seconds=10)["id"]
    add_run(due_at=datetime.now(UTC) - timedelta(seconds=300), schedule_id=UUID(patient), schedule_name="patient")
    add_run(due_at=datetime.now(UTC) - timedelta(seconds=30), schedule_id=UUID(strict), schedule_name="strict")
    add_run(due_at=datetime.now(UTC) - timedelta(seconds=30), actor="soon")
    add_run(due_at=datetime.now(UTC) - timedelta(seconds=90), actor="by-hand", columns={"state": "queued"})
    late = section(admin, "Late now")
    assert [name in late for name in ("strict", "by-hand", "patient", "soon")] == [True, True, False, False]
    assert tiles(admin)["late"] == "2"


def test_schedules_that_are_due_and_not_planned_are_late(admin: Visitor, create: Create, execute: Execute) -> None:
    for name in ("waits", "paused", "aside"):
        create(name, cron="0 3 * * *")
    execute("UPDATE schedules SET next_due_at = now() - interval '2 minutes'")
    execute("UPDATE schedules SET paused_at = now() WHERE name = 'paused'")
    execute("UPDATE schedules SET error = 'no' WHERE name = 'aside'")
    late = section(admin, "Late now")
    assert ("waits" in late, "paused" in late, "aside" in late) == (True, False, False)
    assert tiles(admin)["not planned"] == "1"


def test_failing_schedules_come_by_how_often_they_have_failed(admin: Visitor, create: Create, execute: Execute) -> None:
    for number in range(12):
        create(f"s{number:02}", cron="0 3 * * *", pause_after_failures=50)
        execute(
            "UPDATE schedules SET consecutive_failures = %(n)s WHERE name = %(name)s", n=number, name=f"s{number:02}"
        )
    failing = section(admin, "Failing schedules")
    assert re.findall(r"s\d\d", failing)[:3] == ["s11", "s10", "s09"]
    assert (len(re.findall(r"s\d\d", failing)), "All 11" in failing) == (10, True)


def test_paused_schedules_say_since_when_until_when_by_whom_and_why(
    admin: Visitor, create: Create, client: TestClient
) -> None:
    for name in ("nightly", "weekly"):
        create(name, cron="0 3 * * *")
    client.simulate_post("/v1/schedules/weekly/pause", json={"reason": "lunch", "until": "2096-01-01T00:00:00Z"})
    client.simulate_post("/v1/schedules/nightly/pause", json={})
    paused = section(admin, "Paused schedules")
    assert paused.index("nightly") < paused.index("weekly")
    assert "2096-01-01 00:00:00 UTC admin lunch" in paused
    assert "somebody resumes it admin —" in paused


def test_what_runs_can_be_cancelled_by_who_may(
    admin: Visitor, visitor: Visitor, make_token: MakeToken, add_run: AddRun
) -> None:
    assert 'data-poll="5"' in admin.get("/").text
    run = running(add_run)
    page = admin.get("/").text
    assert 'data-poll="2"' in page
    assert f'action="/runs/{run}/cancel"' in page
    assert tiles(admin)["running"] == "1"
    visitor.sign_in(make_token("viewer"))
    page = visitor.get("/").text
    assert (f'href="/runs/{run}"' in page, "/cancel" in page) == (True, False)


def test_what_runs_says_how_far_it_is(admin: Visitor, add_run: AddRun, execute: Execute) -> None:
    for run, said in (
        (running(add_run), {"done": 3, "total": 12, "note": "<b>orders</b>", "eta_seconds": 90.0}),
        (running(add_run), {"done": 7.5, "total": None, "note": None, "eta_seconds": None}),
    ):
        execute(
            "INSERT INTO live_progress (run_id, attempt, progress) VALUES (%(run)s, 1, %(said)s)",
            run=run, said=json.dumps(said | {"at": "2026-11-30T12:00:00+00:00"}),
        )  # fmt: skip
    page = admin.get("/").text
    assert '<progress max="12" value="3" aria-label="Progress"></progress> 3 of 12' in page
    assert "&lt;b&gt;orders&lt;/b&gt;" in page
    said = section(admin, "Running now")
    assert "3 of 12 1 min 30 s to go when that was said <b>orders</b>" in said
    assert " 7.5 " in said


def test_a_run_is_cancelled_from_there(admin: Visitor, client: TestClient, add_run: AddRun) -> None:
    run = running(add_run)
    assert admin.send("/", f"/runs/{run}/cancel").status_code == 303
    assert "it is asked to stop" in section(admin, "Running now")
    assert client.simulate_get(f"/v1/runs/{run}").json["cancel_requested_at"] is not None


def test_more_than_are_shown_lead_to_the_list(admin: Visitor, add_run: AddRun) -> None:
    for _ in range(22):
        running(add_run)
    page = admin.get("/").text
    assert page.count('<tr id="run-') == 20
    assert '<a class="more" href="/runs?state=running">All 22</a>' in page


def test_outcomes_and_lateness_are_those_that_processes_have_counted(admin: Visitor, engine: sa.Engine) -> None:
    statistics = Statistics(uuid4())
    worked = Kind("work", "default", State.SUCCEEDED, "succeeded")
    statistics.count([*[Counted(worked, 0.3, 1.0)] * 1500, Counted(Kind("work", "default", State.FAILED, "failed"), 9)])
    with engine.begin() as connection:
        statistics.tell(connection)
    page = admin.get("/").text
    assert page.count("<figure") == 3
    assert '<a href="/runs?state=failed&amp;since=24h"' in page.replace("xlink:", "")
    assert "succeeded 1 500 runs" in section(admin, "Outcomes")
    assert "1 h 1 501 350 ms 485 ms 497 ms" in section(admin, "Lateness")


def test_what_is_next_comes_with_when(admin: Visitor, create: Create) -> None:
    create("soon", every_seconds=60)
    create("daily", cron="0 3 * * *", timezone="Europe/Berlin")
    create("yearly", cron="0 3 29 2 *")
    page = admin.get("/").text
    assert re.search(r'class="countdown"><time datetime="[^"]+" data-zone="Europe/Berlin">', page)
    coming = section(admin, "The next 24 hours")
    assert coming.index("soon") < coming.index("daily")
    assert "yearly" not in coming


def test_health_is_what_machines_are_told(admin: Visitor, engine: sa.Engine, execute: Execute) -> None:
    assert section(admin, "Health") == (
        "Scheduling does no rounds Workers none is live Broker not known: scheduling has not lately said"
        " no scheduling process has ever run"
    )


@pytest.mark.parametrize(("reaches", "said"), [(True, "connected"), (False, "scheduling has no connection")])
def test_health_says_whether_scheduling_reaches_the_broker(
    admin: Visitor, client: TestClient, execute: Execute, reaches: bool, said: str
) -> None:
    for ago, other in ((1, reaches), (60, not reaches)):
        execute(
            "INSERT INTO schedulers VALUES"
            " (%(id)s, 'h', 1, now(), now() - make_interval(secs => %(ago)s), %(reaches)s)",
            id=uuid4(), ago=ago, reaches=other,
        )  # fmt: skip
    execute(
        "INSERT INTO workers (id, host, pid, queues, threads, version, running, started_at, last_seen_at)"
        " VALUES (%(id)s, 'h', 1, %(queues)s, 1, '1', 0, now(), now())",
        id=uuid4(), queues=json.dumps(["default"]),
    )  # fmt: skip
    assert section(admin, "Health") == f"Scheduling at work Workers 1 live Broker {said}"
    assert client.simulate_get("/health/ready").json["broker"] is reaches


def test_who_sees_a_part_sees_that_part(
    visitor: Visitor, make_token: MakeToken, create: Create, add_run: AddRun, execute: Execute, client: TestClient
) -> None:
    for name in ("ours-1", "theirs-1"):
        schedule = UUID(create(name, cron="0 3 * * *")["id"])
        running(add_run, schedule_id=schedule, schedule_name=name)
        add_run(due_at=datetime.now(UTC) - timedelta(minutes=5), schedule_id=schedule, schedule_name=name)
        client.simulate_post(f"/v1/schedules/{name}/pause", json={})
    for name in ("ours-2", "theirs-2"):
        create(name, cron="0 3 * * *")
    execute("UPDATE schedules SET consecutive_failures = 1, error = 'no such zone' WHERE paused_at IS NOT NULL")
    visitor.sign_in(make_token("operator", only={"prefix": "ours-"}))
    page = visitor.get("/").text
    assert "theirs" not in page
    assert [page.count(f">{name}</a>") for name in ("ours-1", "ours-2")] == [4, 1]
    assert tiles(visitor) == {"running": "1", "late": "1", "not planned": "0", "failing": "1", "paused": "1"}
    assert "<figure" not in page
    assert "you see a part of them" in section(visitor, "Outcomes")


def test_who_sees_nothing_of_it_is_told_nothing_of_others(
    visitor: Visitor, make_token: MakeToken, create: Create
) -> None:
    create("theirs", cron="0 3 * * *")
    visitor.sign_in(make_token("viewer", only={"prefix": "ours-"}))
    page = visitor.get("/").text
    assert "theirs" not in page
    assert "Nothing is scheduled yet" in page


def test_while_nothing_changes_it_is_not_sent_again(admin: Visitor, create: Create) -> None:
    create("daily", cron="0 3 * * *")
    first = admin.get("/")
    assert admin.get("/", **{"If-None-Match": first.headers["etag"]}).status_code == 304
