"""A row that somebody else has locked, in a session left open, delays that row and nothing else."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.end_to_end.deployment import Deployment
from tests.waiting import eventually

LOCKED_SECONDS = 7
"""Longer than the leases here, of 4 s."""

WORKER = "dramatiq actors --processes 1 --threads 8 --worker-shutdown-timeout 25000 --skip-logging"


@pytest.fixture
def deployment(tmp_path: Path, database_url: str, amqp_url: str) -> Iterator[Deployment]:
    """One of each process, and two schedulers; the worker has one process of eight threads."""
    with Deployment(tmp_path, database_url, amqp_url) as running:
        running.start("web", "scheduling", "scheduling.2").start("worker", command=WORKER)
        yield running.ready()


@contextmanager
def locked(deployment: Deployment, table: str, condition: str) -> Iterator[psycopg.Connection]:
    """Somebody holds these rows."""
    with psycopg.connect(deployment.database_url) as connection:
        held = connection.execute(f"SELECT id FROM {table} WHERE {condition} FOR UPDATE").fetchall()
        assert held, "there is nothing to lock"
        yield connection
        connection.rollback()


def sleep(deployment: Deployment, name: str, seconds: float, **definition: object) -> str:
    """A schedule whose runs take so long; the id of a run of it that has started."""
    deployment.create(name, actor="run_process", args={"argv": ["sleep", str(seconds)]}, **definition)
    run = deployment.trigger(name)
    eventually(lambda: deployment.run(run)["started_at"])
    return run


def test_a_locked_schedule_does_not_cost_the_runs_of_others(deployment: Deployment) -> None:
    runs = [sleep(deployment, f"long-{number}", LOCKED_SECONDS + 2) for number in range(3)]
    deployment.create("flaky", actor="run_process", args={"argv": ["false"]}, pause_after_failures=2)
    with locked(deployment, "schedules", "name = 'flaky'"):
        flaky = deployment.finished(plan_by_hand(deployment, "flaky"))
        time.sleep(LOCKED_SECONDS)
    assert flaky["state"] == "failed"
    assert [deployment.finished(run)["state"] for run in runs] == ["succeeded"] * 3
    eventually(lambda: deployment.api.get("/v1/schedules/flaky").json()["consecutive_failures"] == 1)


def plan_by_hand(deployment: Deployment, name: str) -> str:
    """A run of a schedule whose row is locked: the API would wait for it."""
    deployment.execute(
        "INSERT INTO runs (id, schedule_id, schedule_name, actor, queue, priority, args, trigger, overlap, slots,"
        " due_at, state, attempt, retries, max_retries, min_backoff_seconds, max_backoff_seconds, time_limit_seconds,"
        " planned_at, attempts)"
        " SELECT callsheet_first_id(now()), id, name, actor, 'default', 5, args, 'schedule', 'allow', 1, now(),"
        f" 'planned', 0, 0, 0, 1, 1, 60, now(), '[]' FROM schedules WHERE name = '{name}'"
    )
    return str(deployment.query(f"SELECT id FROM runs WHERE schedule_name = '{name}'")[0][0])


def test_a_locked_run_costs_its_neighbours_nothing_and_finished_work_is_not_repeated(deployment: Deployment) -> None:
    stuck = sleep(deployment, "stuck", LOCKED_SECONDS + 3)
    others = [sleep(deployment, f"other-{number}", LOCKED_SECONDS + 2) for number in range(2)]
    with locked(deployment, "runs", f"id = '{stuck}'"):
        deployment.create("quick", actor="run_process", args={"argv": ["true"]}, max_retries=3)
        quick = [deployment.finished(deployment.trigger("quick")) for _ in range(5)]
        time.sleep(LOCKED_SECONDS - 2)
    assert {(run["state"], run["attempt"]) for run in quick} == {("succeeded", 1)}
    ended = [deployment.finished(run) for run in others]
    assert {(run["state"], run["attempt"]) for run in ended} == {("succeeded", 1)}


def test_an_end_whose_row_is_locked_is_written_when_the_lock_is_gone(deployment: Deployment) -> None:
    run = sleep(deployment, "brief", 1, max_retries=3)
    with locked(deployment, "runs", f"id = '{run}'"):
        time.sleep(3)
        assert deployment.run(run)["state"] == "running"
    ended = deployment.finished(run)
    assert (ended["state"], ended["attempt"]) == ("succeeded", 1)


def test_a_run_that_is_to_make_room_and_is_locked_stops_no_other_schedule(deployment: Deployment) -> None:
    stuck = sleep(deployment, "stuck", 60, overlap="cancel_other", every_seconds=3600)
    deployment.create("tick", actor="log_message", args={"message": "tick"}, every_seconds=1, overlap="allow")
    with locked(deployment, "runs", f"id = '{stuck}'"):
        deployment.execute(
            "UPDATE schedules SET next_due_at = now(), cursor_at = now() - interval '1 hour' WHERE name = 'stuck'"
        )
        time.sleep(LOCKED_SECONDS)
        ran = len(deployment.runs(schedule="tick", state="succeeded"))
    assert ran >= LOCKED_SECONDS - 2
    assert deployment.finished(stuck)["state"] in ("cancelled", "failed")  # by its lease, where that ended first
    assert deployment.api.get("/v1/schedules/stuck").json()["error"] is None


def test_a_queued_run_that_is_locked_keeps_no_other_from_starting(deployment: Deployment) -> None:
    deployment.create("first", actor="log_message", args={"message": "x"})
    deployment.kill("worker")
    first = deployment.trigger("first")
    eventually(lambda: deployment.run(first)["state"] == "queued")
    with locked(deployment, "runs", f"id = '{first}'"):
        deployment.start("worker", command=WORKER)
        others = [deployment.trigger("first", overlap="allow") for _ in range(20)]
        assert {deployment.finished(run, 20)["state"] for run in others} == {"succeeded"}
        assert deployment.run(first)["state"] == "queued"
    assert deployment.finished(first)["state"] == "succeeded"
