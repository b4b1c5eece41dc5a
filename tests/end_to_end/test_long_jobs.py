"""Long jobs: workers that are drained, runs that nothing interrupts, and attempts that go on where another was."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.deployment import Deployment
from tests.waiting import eventually

SETTINGS = {"CALLSHEET_ACTORS__MODULES": '["tests.end_to_end.long_actors"]', "CALLSHEET_WORKER__STOP_SECONDS": "7"}


@pytest.fixture
def deployment(tmp_path: Path, database_url: str, amqp_url: str) -> Iterator[Deployment]:
    with Deployment(tmp_path, database_url, amqp_url, SETTINGS) as running:
        running.start("web", "scheduling", "worker").ready()
        eventually(lambda: "in_steps" in [actor["name"] for actor in running.api.get("/v1/actors").json()["items"]])
        yield running


def start(deployment: Deployment, actor: str, done: Path, **args: Any) -> str:
    """A run of the actor that is under way."""
    deployment.create(actor.replace("_", "-"), actor=actor, args={"path": str(done)} | args)
    return deployment.trigger(actor.replace("_", "-"))


def is_running(deployment: Deployment, run: str) -> Callable[[], bool]:
    return lambda: deployment.run(run)["state"] == "running" and deployment.run(run)["started_at"] is not None


def workers_of(deployment: Deployment) -> list[dict[str, Any]]:
    return deployment.api.get("/v1/workers").json()["items"]


def by_api(deployment: Deployment, worker: dict[str, Any]) -> None:
    answer = deployment.api.post(f"/v1/workers/{worker['id']}/drain")
    assert answer.status_code == 202, answer.text
    assert len(answer.json()["items"]) == 2  # those of one master end together
    assert all(each["drain_requested_at"] for each in answer.json()["items"])


def by_signal(_deployment: Deployment, worker: dict[str, Any]) -> None:
    os.kill(worker["pid"], signal.SIGUSR1)


@pytest.mark.parametrize("drain", [by_api, by_signal])
def test_a_worker_that_is_drained_takes_no_more_and_ends_once_the_last_run_has(
    deployment: Deployment, tmp_path: Path, drain: Callable[[Deployment, dict[str, Any]], None]
) -> None:
    done = tmp_path / "done"
    run = start(deployment, "interruptible", done)
    eventually(is_running(deployment, run))
    eventually(lambda: len(workers_of(deployment)) == 2)
    drain(deployment, workers_of(deployment)[0])
    workers = eventually(
        lambda: [
            worker
            for worker in workers_of(deployment)
            if worker["drain_requested_at"] and (worker["drained_at"] or worker["running"])
        ][1:],
        40,
    )
    assert workers
    deployment.create("other", actor="log_message", args={"message": "hello"})
    other = deployment.trigger("other")
    eventually(lambda: deployment.run(other)["waiting_for"] == "worker")
    assert deployment.processes["worker"].poll() is None
    done.touch()
    assert deployment.exited("worker") == 0
    ended = deployment.finished(run)
    assert (ended["state"], ended["attempt"]) == ("succeeded", 1)
    assert deployment.run(other)["state"] == "planned"


def test_what_nothing_interrupts_goes_on_beyond_the_end_of_its_worker_s_time(
    deployment: Deployment, tmp_path: Path
) -> None:
    done = tmp_path / "done"
    patient, other = start(deployment, "patient", done), start(deployment, "interruptible", done)
    for run in (patient, other):
        eventually(is_running(deployment, run))
    process = deployment.processes["worker"]
    process.send_signal(signal.SIGTERM)
    signalled = time.monotonic()
    eventually(lambda: deployment.run(other)["attempts"])
    assert deployment.run(other)["attempts"][0]["outcome"] == "interrupted"
    eventually(lambda: time.monotonic() > signalled + 10)  # beyond the time of the worker, and a lease
    assert (process.poll(), deployment.run(patient)["state"]) == (None, "running")
    done.touch()
    assert deployment.exited("worker") == 0
    ended = deployment.run(patient)
    assert (ended["state"], ended["attempt"]) == ("succeeded", 1)


@pytest.mark.parametrize("actor", ["in_steps", "in_steps_apart"])
def test_an_attempt_goes_on_where_one_that_was_killed_has_been(
    deployment: Deployment, tmp_path: Path, actor: str
) -> None:
    run = start(deployment, actor, tmp_path / "never")
    eventually(lambda: deployment.run(run)["checkpoint"] == [1, 1, 1])
    deployment.kill("worker")
    deployment.start("worker")
    assert deployment.finished(run)["result"] == [1, 1, 1, 2, 2, 2]


@pytest.mark.parametrize("actor", ["in_steps", "in_steps_apart"])
def test_one_that_fails_at_once_leaves_its_checkpoint_too(deployment: Deployment, tmp_path: Path, actor: str) -> None:
    run = start(deployment, actor, tmp_path / "never", fails=True)
    assert deployment.finished(run)["result"] == [1, 1, 1, 2, 2, 2]
