"""The page of workers: how they are, in words, what they run, and draining one."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from falcon.testing import TestClient

from tests.api.dashboard.conftest import MakeToken
from tests.api.dashboard.nouns.conftest import AddWorker
from tests.api.dashboard.visitor import Visitor, title_of

NOW = datetime.now(UTC)


def row_of(page: str, worker: UUID) -> str:
    found = re.search(rf'<tr id="worker-{worker}">.*?</tr>', page, re.DOTALL)
    assert found is not None, page
    return found[0]


def test_a_worker_is_shown_with_what_it_runs(
    admin: Visitor, add_worker: AddWorker, add_run: Callable[..., UUID]
) -> None:
    worker, idle = add_worker(), add_worker("web-2")
    run = add_run(columns={"worker_id": worker, "state": "running", "attempt": 2, "started_at": NOW})
    answer = admin.get("/workers")
    assert title_of(answer) == "Workers"
    row = row_of(answer.text, worker)
    for words in ("web-1", "process 17", "1.2", "release r7", "mail", "1 busy, 3 idle", "attempt 2", ">alive<"):
        assert words in row
    assert f'<a href="/runs/{run}">log_message</a>' in row
    assert ("0 busy, 4 idle" in row_of(answer.text, idle), 'data-poll="2"' in answer.text) == (True, True)


@pytest.mark.parametrize(
    ("ago", "columns", "state"),
    [
        (5, {}, "alive"),
        (40, {}, "silent"),
        (90, {}, "lost"),
        (5, {"drain_requested_at": NOW}, "draining"),
        (5, {"drain_requested_at": NOW, "drained_at": NOW}, "drained"),
        (90, {"drain_requested_at": NOW, "drained_at": NOW}, "lost"),
    ],
)
def test_how_a_worker_is_stands_in_words(
    admin: Visitor, add_worker: AddWorker, ago: float, columns: dict[str, Any], state: str
) -> None:
    worker = add_worker(ago=ago, **columns)
    row = row_of(admin.get("/workers").text, worker)
    assert f'<span class="state {state}">{state}</span>' in row
    assert ("Drain …" in row) is (state in ("alive", "silent"))


def test_threads_that_are_stuck_are_told(admin: Visitor, add_worker: AddWorker) -> None:
    worker = add_worker(stuck_threads=2)
    assert "2 stuck" in row_of(admin.get("/workers").text, worker)


def test_a_thread_with_several_short_runs_is_one(
    admin: Visitor, add_worker: AddWorker, add_run: Callable[..., UUID]
) -> None:
    worker = add_worker()
    for _ in range(25):
        add_run(columns={"worker_id": worker, "state": "running"})
    row = row_of(admin.get("/workers").text, worker)
    assert ("4 busy, 0 idle" in row, "and 5 more" in row, row.count('href="/runs/')) == (True, True, 20)


def test_a_worker_is_drained(admin: Visitor, add_worker: AddWorker, client: TestClient) -> None:
    worker, other = add_worker(parent_pid=7), add_worker(parent_pid=7)
    admin.send("/workers", f"/workers/{worker}/drain")
    assert admin.note("/workers") == "It and 1 more of its master take no more runs from the next ten seconds on."
    workers = {each["id"]: each for each in client.simulate_get("/v1/workers").json["items"]}
    assert all(workers[str(each)]["drain_requested_at"] for each in (worker, other))
    [act] = client.simulate_get(f"/v1/audit?target=workers/{worker}").json["items"]
    assert (act["action"], act["who"], sorted(act["after"]["workers"])) == (
        "worker.drain", "admin", sorted(map(str, (worker, other))),
    )  # fmt: skip


def test_one_that_is_gone_is_not_drained(admin: Visitor, add_worker: AddWorker) -> None:
    worker = add_worker(ago=90)
    add_worker()
    assert admin.send("/workers", f"/workers/{worker}/drain").status_code == 404


def test_a_viewer_has_no_button_and_who_sees_a_part_no_page(
    site: TestClient, make_token: MakeToken, add_worker: AddWorker, client: TestClient
) -> None:
    worker = add_worker()
    viewer, narrowed = Visitor(site), Visitor(site)
    viewer.sign_in(make_token("viewer"))
    narrowed.sign_in(make_token("operator", only={"prefix": "crm-"}))
    assert "Drain" not in viewer.get("/workers").text
    assert narrowed.get("/workers").status_code == 403
    for somebody in (viewer, narrowed):
        assert somebody.send("/schedules", f"/workers/{worker}/drain").status_code == 403
    assert client.simulate_get("/v1/workers").json["items"][0]["drain_requested_at"] is None


def test_nobody_there_is_said(admin: Visitor) -> None:
    assert "No worker has reported within the last day" in admin.get("/workers").text
