"""Queues say why what waits in them does, to people who ask by the command line."""

from pathlib import Path
from typing import Any

import pytest

from tests.api.cli.served import CommandLine
from tests.end_to_end.deployment import TOKEN, Deployment
from tests.waiting import eventually


@pytest.fixture
def callsheet(deployment: Deployment, tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path, {"CALLSHEET_URL": str(deployment.api.base_url), "CALLSHEET_TOKEN": TOKEN})


def queue(deployment: Deployment, name: str = "default") -> Any:
    return next(each for each in deployment.api.get("/v1/queues").json()["items"] if each["name"] == name)


def because(deployment: Deployment, reason: str | None, name: str = "default") -> str:
    """What is said once the queue waits for this."""

    def look() -> Any:
        found = queue(deployment, name)
        return found["waiting_for"] == reason and found

    return str(eventually(look, message=f"it waits for {reason}")["because"])


def test_what_people_have_stopped_and_what_is_busy(deployment: Deployment, callsheet: CommandLine) -> None:
    deployment.create("sleep", actor="run_process", args={"argv": ["sleep", "600"]}, overlap="allow")
    threads = eventually(lambda: (found := queue(deployment)["threads"]) == 16 and found, message="both processes")
    callsheet.succeed("queues", "pause", "default", "--reason", "the server moves")
    runs = [deployment.trigger("sleep") for _ in range(3 * threads)]
    paused = "the queue is paused by admin until it is resumed: the server moves"
    assert because(deployment, "queue") == paused
    assert paused in callsheet.succeed("queues", "list").out
    callsheet.succeed("hold", "--reason", "a new disk", "--until", "2h")
    assert "everything is held by admin until" in callsheet.succeed("queues", "list").out
    callsheet.succeed("release")
    callsheet.succeed("queues", "resume", "default")
    assert because(deployment, "busy") == f"the broker has it, and all {threads} threads of its workers are busy"
    assert queue(deployment)["oldest_waiting_seconds"] > 0
    deployment.kill("scheduling")
    late = deployment.trigger("sleep")
    assert "no scheduling process has done a round" in because(deployment, "scheduling")
    deployment.start("scheduling")
    because(deployment, "busy")
    deployment.api.post("/v1/runs/cancel", json={"filter": {"schedule": "sleep"}}).raise_for_status()
    for run in (*runs, late):
        deployment.finished(run)
    because(deployment, None)
    assert queue(deployment)["oldest_waiting_seconds"] is None


def test_what_nobody_serves(deployment: Deployment) -> None:
    deployment.create("nobody", actor="nobody_has_it", queue="strange")
    deployment.trigger("nobody")
    assert because(deployment, "actor", "strange") == "no worker has announced the actor nobody_has_it"
    deployment.create("astray", actor="log_message", args={"message": "x"}, queue="elsewhere")
    deployment.trigger("astray")
    assert because(deployment, "worker", "elsewhere") == "no worker of this queue knows the actor log_message"
