"""What the README promises a newcomer: an actor in one new file, and everything by one command."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx

from tests.api.metrics.page import parse, sample
from tests.end_to_end.deployment import ROOT, Deployment
from tests.waiting import eventually


def test_an_actor_in_one_new_file_runs_from_a_schedule(tmp_path: Path, database_url: str, amqp_url: str) -> None:
    """The file is the README's own, put into a copy of the checkout."""
    readme = (ROOT / "README.md").read_text()
    code = re.search(r"## A first actor.*?```python\n(.*?)```", readme, flags=re.DOTALL)
    assert code is not None
    checkout = tmp_path / "checkout"
    leave_out = shutil.ignore_patterns(".*", "*.egg-info", "__pycache__", "tests")
    shutil.copytree(ROOT, checkout, ignore=leave_out)
    (checkout / "actors" / "greet.py").write_text(code[1])
    with Deployment(tmp_path, database_url, amqp_url, checkout=checkout) as deployment:
        deployment.start("web", "scheduling", "worker").ready()
        announced = {actor["name"]: actor for actor in deployment.api.get("/v1/actors").json()["items"]}
        assert announced["greet"]["doc"] == "Greet somebody, a number of times."
        refused = deployment.api.post("/v1/schedules", json={"name": "g", "actor": "greet", "args": {"nome": "you"}})
        assert refused.status_code == 422
        created = deployment.create("g", actor="greet", args={"name": "you", "times": 2}, every_seconds=1)
        assert (created["max_retries"], created["min_backoff_seconds"], created["time_limit_seconds"]) == (3, 1, 60)
        run = eventually(lambda: deployment.runs(schedule="g", state="succeeded"))[0]
    assert run["result"] == "greeted you"
    assert run["output"] == "hello you\nhello you\n"


class Up:
    """A `callsheet up` with a data folder of its own and no servers given."""

    def __init__(self, folder: Path) -> None:
        # On a path that an unprivileged PostgreSQL can reach, short enough for its socket.
        self.data = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "PORT": str(self.port)}
        environment |= {"CALLSHEET_RUN_PROCESS__ALLOW": '["*"]', "CALLSHEET_WORKER__STOP_SECONDS": "6"}
        environment |= {"CALLSHEET_SCHEDULING__RESCUE_AFTER_SECONDS": "1", "CALLSHEET_WORKER__LEASE_SECONDS": "4"}
        environment |= {"CALLSHEET_WORKER__RENEW_SECONDS": "1"}
        environment |= {"CALLSHEET_ACTORS__MODULES": '["tests.actors.worker.isolated_actors"]'}
        argv = [sys.executable, "-m", "api.cli", "up", "--data", str(folder)]
        self.log = (folder / "up.log").open("ab")
        self.process = subprocess.Popen(argv, cwd=ROOT, env=environment, stdout=self.log, stderr=self.log)
        try:
            eventually(lambda: self.get("/health/ready").status_code == 200, 120, ignoring=(httpx.HTTPError, OSError))
        except AssertionError:
            self.stop(signal.SIGKILL)
            raise

    def get(self, path: str) -> httpx.Response:
        return self.call("GET", path)

    def call(self, method: str, path: str, body: object = None) -> httpx.Response:
        token = (self.data / "admin-token").read_text().strip()
        content = None if body is None else json.dumps(body)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        return httpx.request(method, f"http://127.0.0.1:{self.port}{path}", content=content, headers=headers)

    def stop(self, signum: signal.Signals) -> int:
        self.process.send_signal(signum)
        code = self.process.wait(30)
        self.log.close()
        return code


def test_everything_runs_by_one_command_and_goes_on_after_a_restart(short_folder: Path) -> None:
    up = Up(short_folder)
    greeting = (short_folder / "up.log").read_text()
    assert f"http://127.0.0.1:{up.port}" in greeting
    eventually(lambda: up.get("/v1/runs?schedule=hello&state=succeeded").json()["items"], 60, "the sample ran")

    eventually(lambda: up.call("POST", "/v1/schedules", {"name": "sends", "actor": "send_on"}).status_code == 201)
    sends = up.call("POST", "/v1/schedules/sends/trigger", {}).json()["id"]
    eventually(lambda: up.get(f"/v1/runs/{sends}").json()["state"] == "failed")
    assert "only where there is a RabbitMQ" in up.get(f"/v1/runs/{sends}").json()["error"]["message"]

    slow = {"name": "slow", "actor": "run_process", "args": {"argv": ["sleep", "3.75"]}}
    eventually(lambda: up.call("POST", "/v1/schedules", slow).status_code == 201)
    run = up.call("POST", "/v1/schedules/slow/trigger", {}).json()["id"]
    eventually(lambda: up.get(f"/v1/runs/{run}").json()["started_at"])
    assert up.stop(signal.SIGINT) == 0

    up = Up(short_folder)
    eventually(lambda: up.get(f"/v1/runs/{run}").json()["state"] == "succeeded", 40, "the interrupted run went on")
    outcomes = [attempt["outcome"] for attempt in up.get(f"/v1/runs/{run}").json()["attempts"]]
    assert outcomes == ["interrupted", "succeeded"]
    eventually(lambda: _counted(up, "published_total", "confirmed") >= 3, 40, "scheduling has told what it counted")
    eventually(lambda: _counted(up, "claims_total", "won") >= 3, 40, "the worker, too")
    waiting = up.call("POST", "/v1/schedules/slow/trigger", {}).json()["id"]
    up.stop(signal.SIGKILL)

    up = Up(short_folder)
    assert eventually(lambda: up.get(f"/v1/runs/{waiting}").json()["finished_at"], 90, "the killed run ended")
    second = subprocess.run(
        [sys.executable, "-m", "api.cli", "up", "--data", str(short_folder)], cwd=ROOT, capture_output=True, check=False
    )
    assert b"already running" in second.stderr
    assert up.stop(signal.SIGTERM) == 0


def _counted(up: Up, counter: str, outcome: str) -> float:
    return sample(parse(up.get("/metrics").text), counter, outcome=outcome) or 0
