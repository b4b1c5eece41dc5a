"""Readiness says what an operator must see to: in words, and with names to whoever has a token."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from falcon.testing import TestClient

from tests.api.conftest import HEADERS

Execute = Callable[..., Any]
ADD_WORKER = """
INSERT INTO workers (id, host, pid, queues, actors, threads, version, running, started_at, last_seen_at)
VALUES (gen_random_uuid(), 'h', 1, '["default"]', '["log_message"]', 8, '1', 0, now(), now())
"""


@pytest.fixture
def ready(client: TestClient, execute: Execute) -> Callable[..., tuple[str, list[str]]]:
    """The status of readiness, which is never an outage here, and its problems."""
    execute(
        "INSERT INTO schedulers (id, host, pid, started_at, ticked_at) VALUES (gen_random_uuid(), 'h', 1, now(), now())"
    )

    def ask(authorization: str | None = None) -> tuple[str, list[str]]:
        headers = {} if authorization is None else {"Authorization": authorization}
        answer = client.simulate_get("/health/ready", headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json["status"], answer.json["problems"]

    return ask


@pytest.mark.parametrize(
    ("waiting_for", "said"),
    [
        ("actor", ("2 runs wait for the actor 'log_message', which no worker has announced", "an actor that")),
        ("worker", ("2 runs wait for a worker of the queue 'default' that knows the actor 'log_message'", "a worker")),
        ("queue", ("2 runs wait for the paused queue 'default'", "a paused queue")),
    ],
)
def test_runs_that_wait_for_what_does_not_come_by_itself(
    ready: Callable[..., tuple[str, list[str]]],
    add_run: Callable[..., UUID],
    announce: Callable[..., None],
    execute: Execute,
    waiting_for: str,
    said: tuple[str, str],
) -> None:
    if waiting_for != "actor":
        announce()
    if waiting_for == "queue":
        execute(ADD_WORKER)
        execute("INSERT INTO queues (name, paused_at) VALUES ('default', now())")
    for age in (100, 1700, 5):
        add_run(age_seconds=age, queue="default", columns={"waiting_for": waiting_for})
    for number in range(3):
        add_run(age_seconds=2000 + number, columns={"waiting_for": "overlap"})
    status, [problem] = ready()
    assert (status, problem.startswith(said[0])) == ("degraded", True), problem
    assert problem.endswith("the oldest for 28 min")
    _, [problem] = ready("")
    assert said[1] in problem
    assert "log_message" not in problem
    assert "'default'" not in problem


def test_what_a_run_waited_for_once_is_nothing_to_see_to(
    ready: Callable[..., tuple[str, list[str]]],
    add_run: Callable[..., UUID],
    announce: Callable[..., None],
    execute: Execute,
) -> None:
    """The pause is over, the worker is there: what the row says is what first held it back."""
    announce()
    execute(ADD_WORKER)
    for waiting_for in ("actor", "worker", "queue"):
        add_run(age_seconds=100, queue="default", columns={"waiting_for": waiting_for})
    assert ready() == ("ok", [])


def test_schedules_that_cannot_be_planned_and_declarations_that_are_refused(
    ready: Callable[..., tuple[str, list[str]]],
    create: Callable[..., Any],
    announce: Callable[..., None],
    execute: Execute,
) -> None:
    assert ready() == ("ok", [])
    create("nightly", cron="0 3 * * *")
    announce()
    execute("UPDATE schedules SET error = 'unplannable'")
    execute("UPDATE actors SET declaration_error = 'cron: bad'")
    status, problems = ready()
    assert status == "degraded"
    assert "1 schedule can't be planned, 'nightly' first" in problems[0]
    assert "log_message" in problems[1]


def test_a_worker_that_has_fallen_silent(ready: Callable[..., tuple[str, list[str]]], execute: Execute) -> None:
    execute(
        "INSERT INTO workers (id, host, pid, queues, threads, version, running, started_at, last_seen_at)"
        " VALUES (gen_random_uuid(), 'box', 1, '[]', 8, '1', 0, now(), now() - interval '40 s')"
    )
    _, [problem] = ready()
    assert "on box has not reported for 4" in problem


def test_schedules_that_are_held_back(
    ready: Callable[..., tuple[str, list[str]]], create: Callable[..., Any], execute: Execute
) -> None:
    create("nightly", cron="0 2 * * *")
    execute("UPDATE schedules SET held_back = 'more than 3 runs of it wait'")
    named, anonymous = "1 schedule held back, as too much waits: more than 3 runs of it wait", "1 schedule held back"
    assert named in ready(HEADERS["Authorization"])[1]
    assert any(problem.startswith(anonymous) and "more than" not in problem for problem in ready("")[1])


def test_a_worker_with_threads_that_do_not_come_back(
    ready: Callable[..., tuple[str, list[str]]], execute: Execute
) -> None:
    execute(
        "INSERT INTO workers"
        " (id, host, pid, queues, threads, version, running, stuck_threads, started_at, last_seen_at)"
        " VALUES (gen_random_uuid(), 'box', 1, '[]', 8, '1', 3, 2, now(), now())"
    )
    status, [problem] = ready()
    assert status == "degraded"
    assert problem.startswith("2 of 8 threads of the worker ")
    assert "on box can't be interrupted" in problem
