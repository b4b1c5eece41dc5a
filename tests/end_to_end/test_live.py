"""What people see of runs that go on, with real workers that are really killed."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.deployment import ROOT, TOKEN, Deployment
from tests.waiting import eventually

SETTINGS = {"CALLSHEET_ACTORS__MODULES": '["tests.end_to_end.live_actors"]'}
OFFSET = "Callsheet-Output-Offset"
SECONDS = 1.0
"""So old may be what people see. Beside it comes what a busy machine takes."""


@pytest.fixture
def deployment(tmp_path: Path, database_url: str, amqp_url: str) -> Iterator[Deployment]:
    with Deployment(tmp_path, database_url, amqp_url, SETTINGS) as running:
        running.start("web", "scheduling", "worker").ready()
        eventually(lambda: "lively" in [actor["name"] for actor in running.api.get("/v1/actors").json()["items"]])
        yield running


def start(deployment: Deployment, actor: str, done: Path) -> str:
    deployment.create("live", actor=actor, args={"path": str(done)})
    return deployment.trigger("live")


def lines(text: str, attempt: int = 1) -> list[tuple[int, float]]:
    """The lines of an attempt: their numbers, and when each was printed."""
    found = [line.split() for line in text.splitlines() if line.startswith(f"{attempt} ")]
    return [(int(number), float(at)) for _, number, at in found]


def output(deployment: Deployment, run: str, **query: Any) -> tuple[str, int]:
    answer = deployment.api.get(f"/v1/runs/{run}/output", params=query)
    return answer.text, int(answer.headers[OFFSET])


@pytest.mark.parametrize("actor", ["lively", "lively_apart"])
def test_a_run_is_followed_line_by_line_and_says_how_far_it_is(
    deployment: Deployment, tmp_path: Path, actor: str
) -> None:
    run = start(deployment, actor, tmp_path / "done")
    eventually(lambda: deployment.run(run)["progress"])
    text, offset, looks = "", 0, 0
    while looks < 6:
        more, offset = output(deployment, run, after=offset)
        text += more
        looks += bool(more)
    late = time.time() - lines(text)[-1][1]
    shown = deployment.run(run)
    assert shown["progress"]["total"] == 1_000_000
    assert shown["progress"]["note"] == f"step {shown['progress']['done']}"
    assert shown["progress"]["eta_seconds"] > 1000
    assert deployment.runs(state="running")[0]["progress"]["done"] > 0
    assert "logged" in shown["output"]
    assert late < SECONDS + 1
    (tmp_path / "done").touch()
    ended = deployment.finished(run)
    text += output(deployment, run, after=offset)[0]
    assert text == ended["output"] == output(deployment, run)[0]
    assert [number for number, _ in lines(text)] == list(range(1, ended["result"] + 1))
    assert ended["progress"] is None
    assert deployment.query("SELECT (SELECT count(*) FROM live_outputs), (SELECT count(*) FROM live_progress)") == [
        (0, 0)
    ]


@pytest.mark.parametrize("actor", ["lively", "lively_apart"])
def test_of_a_killed_worker_all_is_there_but_the_last_second(
    deployment: Deployment, tmp_path: Path, actor: str
) -> None:
    run = start(deployment, actor, tmp_path / "done")
    eventually(lambda: len(lines(output(deployment, run)[0])) > 40, 30)
    killed = time.time()
    deployment.kill("worker")
    deployment.start("worker")
    eventually(lambda: deployment.run(run)["attempt"] == 2, 60)
    first = lines(output(deployment, run, attempt=1)[0])
    assert [number for number, _ in first] == list(range(1, len(first) + 1))
    assert killed - first[-1][1] < SECONDS + 1
    eventually(lambda: lines(output(deployment, run)[0], 2))
    assert lines(output(deployment, run)[0]) == []
    (tmp_path / "done").touch()
    second = deployment.finished(run)
    assert [number for number, _ in lines(second["output"], 2)] == list(range(1, second["result"] + 1))
    assert lines(output(deployment, run, attempt=1)[0]) == first
    assert deployment.query("SELECT progress->'done' FROM run_outputs WHERE attempt = 1")[0][0] >= len(first) - 40


def test_what_a_program_writes_is_seen_while_it_goes_on(deployment: Deployment, tmp_path: Path) -> None:
    done = tmp_path / "done"
    script = f"n=0; while [ ! -e {done} ]; do n=$((n+1)); echo line $n; sleep 0.1; done"
    deployment.create("program", actor="run_process", args={"argv": script, "shell": True})
    run = deployment.trigger("program")
    eventually(lambda: "line 5\n" in output(deployment, run)[0])
    before = output(deployment, run)[0]
    done.touch()
    assert deployment.finished(run)["output"].startswith(before)


def test_the_command_line_follows_to_the_end_over_a_retry(deployment: Deployment, tmp_path: Path) -> None:
    run = start(deployment, "lively", tmp_path / "done")
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "PYTHONPATH": str(ROOT),
        "CALLSHEET_URL": str(deployment.api.base_url),
        "CALLSHEET_TOKEN": TOKEN,
    }
    following = subprocess.Popen(
        [sys.executable, "-m", "api.cli", "runs", "output", run, "--follow"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    eventually(lambda: len(lines(output(deployment, run)[0])) > 30, 30)
    deployment.kill("worker")
    deployment.start("worker")
    eventually(lambda: lines(output(deployment, run)[0], 2), 60)
    (tmp_path / "done").touch()
    said, talk = following.communicate(timeout=60)
    assert following.returncode == 0, talk
    assert talk == f"attempt 2\n{run} succeeded\n"
    assert said == output(deployment, run, attempt=1)[0] + deployment.run(run)["output"]


def test_short_runs_leave_no_trace_of_it(deployment: Deployment) -> None:
    deployment.create("short", actor="log_message", args={"message": "hello"}, overlap="allow")
    runs = [deployment.trigger("short") for _ in range(20)]
    for run in runs:
        assert deployment.finished(run)["output"].endswith("hello\n")
    assert deployment.query(
        "SELECT sum(n_tup_ins) FROM pg_stat_user_tables WHERE relname IN ('live_outputs', 'live_progress')"
    ) == [(0,)]
