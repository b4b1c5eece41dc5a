"""Actors that fork: a child is a process of its own, and its worker goes on as if there were none."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.end_to_end.deployment import Deployment
from tests.waiting import eventually

SETTINGS = {
    "CALLSHEET_ACTORS__MODULES": '["tests.end_to_end.forking_actors"]',
    "CALLSHEET_WORKER__STOP_SECONDS": "6",
    "CALLSHEET_WORKER__LEASE_SECONDS": "600",  # nothing is lost by its lease while a test runs
}
ONE = "dramatiq actors --processes 1 --threads 4 --worker-shutdown-timeout 6000 --skip-logging"


@pytest.fixture
def forking(tmp_path: Path, database_url: str, amqp_url: str) -> Iterator[Deployment]:
    """A deployment whose worker, a process of four threads, knows the actors that fork."""
    with Deployment(tmp_path, database_url, amqp_url, SETTINGS) as running:
        running.start("web", "scheduling").start("worker", command=ONE).ready()
        eventually(lambda: "join_a_child" in {actor["name"] for actor in running.api.get("/v1/actors").json()["items"]})
        yield running


def end_of(forking: Deployment, actor: str, timeout: float = 40, **args: Any) -> dict[str, Any]:
    """A run of the actor, when it has ended."""
    name = "-".join([actor, *map(str, args.values())]).replace("_", "-").replace("/", "-")
    forking.create(name, actor=actor, args=args)
    return forking.finished(forking.trigger(name), timeout)


def result_of(forking: Deployment, actor: str, **args: Any) -> Any:
    run = end_of(forking, actor, **args)
    assert run["state"] == "succeeded", run["error"]
    return run["result"]


def test_a_signal_ends_a_child_and_nobody_else_hears_of_it(forking: Deployment) -> None:
    assert result_of(forking, "end_children") == [-15, -15, -1, -1]
    assert result_of(forking, "leave_a_pool") == "left"
    assert result_of(forking, "signal_oneself") == [0, 0]
    assert result_of(forking, "work") is None


def test_a_child_that_leaves_its_actor_ends_and_runs_nothing_of_its_workers(
    forking: Deployment, tmp_path: Path
) -> None:
    marker = tmp_path / "pids"
    codes = {
        way: result_of(forking, "fork_and_leave", way=way, marker=str(marker)) for way in ("return", "raise", "exit")
    }
    assert codes == {"return": 0, "raise": 1, "exit": 3}
    assert not any(psutil.pid_exists(int(pid)) for pid in marker.read_text().split())
    assert "of the child" in forking.log_path("worker").read_text()


def test_a_child_logs_without_waiting_for_anybody_and_not_into_the_output_of_its_run(forking: Deployment) -> None:
    run = end_of(forking, "log_in_a_child")
    assert (run["state"], run["result"]) == ("succeeded", 0)
    assert [line.split("] ")[-1] for line in run["output"].splitlines()] == [
        "logged of the run [mine]",
        "written of the run",
    ]
    log = forking.log_path("worker").read_text()
    for words in ("logged of the child", "printed of the child", "printed of the run"):
        assert words in log
    assert "written of the child" not in log


def test_parent_and_child_have_connections_of_their_own(forking: Deployment) -> None:
    assert result_of(forking, "send_from_both", times=100) == 0
    eventually(lambda: len(forking.runs(actor="work", state="succeeded")) == 201, 30)
    assert result_of(forking, "ask_from_both", times=200) == 0


def test_threads_that_do_not_come_back_are_shown_and_half_of_them_end_the_process(
    forking: Deployment, tmp_path: Path
) -> None:
    """What they ran has timed out; other runs go back; the platform starts another worker."""

    def shown() -> list[int]:
        return [worker["stuck_threads"] for worker in forking.api.get("/v1/workers").json()["items"]]

    assert shown() == [0]
    forking.create("block-in-c", actor="block_in_c", overlap="allow")
    first = forking.trigger("block-in-c")
    eventually(lambda: shown() == [1], 40)
    [problem] = forking.api.get("/health/ready").json()["problems"]
    assert "1 of 4 threads" in problem
    assert forking.run(first)["state"] == "running"

    forking.create("join-a-child", actor="join_a_child", args={"marker": str(tmp_path / "child")})
    second = forking.trigger("join-a-child")
    assert forking.exited("worker", 60) == 70
    log = forking.log_path("worker").read_text()
    assert "stuck-threads" in log
    assert not psutil.pid_exists(int((tmp_path / "child").read_text()))

    forking.start("worker", command=ONE)
    for run in (forking.finished(first), forking.finished(second)):
        assert [attempt["outcome"] for attempt in run["attempts"]] == ["timed_out"]
    eventually(lambda: shown() == [0])


@pytest.mark.parametrize("actor", ["block_in_c", "block_the_loop"])
def test_a_worker_that_is_stopped_ends_in_time_whatever_its_threads_do(forking: Deployment, actor: str) -> None:
    forking.create("blocks", actor=actor, time_limit_seconds=600)
    run_id = forking.trigger("blocks")
    eventually(lambda: forking.run(run_id)["started_at"])
    assert forking.stop("worker", timeout=20) == 0
    forking.start("worker", command=ONE)
    run = eventually(lambda: (run := forking.run(run_id))["attempts"] and run)
    assert run["attempts"][0]["outcome"] == "interrupted"
