"""The main job: a schedule becomes a run, a message, an execution and a history."""

import subprocess
import sys

from tests.end_to_end.deployment import ROOT, Deployment, RequestCounter, instant
from tests.waiting import eventually


def test_each_slot_is_one_request_and_one_run_with_its_history(deployment: Deployment, counter: RequestCounter) -> None:
    deployment.create("ping", actor="http_request", args={"url": counter.url}, every_seconds=2)
    eventually(lambda: len(deployment.runs(schedule="ping", state="succeeded")) >= 3)

    runs = deployment.runs(schedule="ping", state="succeeded")
    assert len({run["slot_at"] for run in runs}) == len(runs)
    requests = counter.by_run()
    for run in runs:
        assert requests[run["id"]] == 1
        slot, *moments = [instant(run[f"{name}_at"]) for name in ("slot", "due", "queued", "started", "finished")]
        assert slot == moments[0]
        assert moments == sorted(moments)
        assert 0 <= run["lateness_seconds"] < 5
        assert run["attempt"] == 1
        assert run["result"]["status"] == 200
        assert run["output"] == "ok"


def test_a_process_that_fails_is_tried_again_and_shows_every_attempt(deployment: Deployment) -> None:
    deployment.create(
        "breaks",
        actor="run_process",
        args={"argv": ["sh", "-c", "echo some output; exit 3"]},
        max_retries=2,
        min_backoff_seconds=0.2,
    )
    run = deployment.finished(deployment.trigger("breaks"))
    assert run["state"] == "failed"
    assert run["attempt"] == 3
    assert [attempt["number"] for attempt in run["attempts"]] == [1, 2, 3]
    assert {attempt["outcome"] for attempt in run["attempts"]} == {"failed"}
    assert all("exit code 3" in attempt["error"]["message"] for attempt in run["attempts"])
    first, second, last = (attempt["backoff_seconds"] for attempt in run["attempts"])
    assert 0.2 <= first < second
    assert last is None
    assert run["output"] == "some output\n"
    assert "exit code 3" in run["error"]["message"]


def test_a_process_that_succeeds_shows_exit_code_and_output(deployment: Deployment) -> None:
    deployment.create("lists", actor="run_process", args={"argv": ["echo", "hello"]})
    run = deployment.finished(deployment.trigger("lists"))
    assert run["state"] == "succeeded"
    assert run["result"]["exit_code"] == 0
    assert run["output"] == "hello\n"


SEND = """
from actors.log_message import log_message
log_message.send("sent from a shell", level="warning")
log_message.send_with_options(args=("sent for later",), delay=1500)
"""


def test_messages_sent_from_a_shell_have_a_history_too(deployment: Deployment) -> None:
    subprocess.run([sys.executable, "-c", SEND], cwd=ROOT, env=deployment.environment, check=True, timeout=30)
    runs = eventually(
        lambda: len(found := deployment.runs(trigger="message", state="succeeded")) == 2 and found,
        message="both messages ran",
    )
    later, now = sorted(runs, key=lambda run: instant(run["due_at"]), reverse=True)
    assert now["args"] == {"message": "sent from a shell", "level": "warning"}
    assert now["output"].strip() == "sent from a shell"
    assert later["schedule"] is None
    assert instant(later["started_at"]) >= instant(later["due_at"]) > instant(later["planned_at"])


def test_a_running_process_is_cancelled_and_leaves_nothing_behind(deployment: Deployment) -> None:
    deployment.create("sleeps", actor="run_process", args={"argv": ["sleep", "61.5"]})
    run_id = deployment.trigger("sleeps")
    eventually(lambda: deployment.run(run_id)["started_at"])
    assert deployment.api.post(f"/v1/runs/{run_id}/cancel").status_code == 202
    run = deployment.finished(run_id)
    assert (run["state"], run["attempts"][0]["outcome"]) == ("cancelled", "cancelled")
    assert subprocess.run(["pgrep", "-f", "sleep 61.5"], check=False, capture_output=True).returncode == 1


def test_a_time_limit_ends_a_run(deployment: Deployment) -> None:
    deployment.create("hangs", actor="run_process", args={"argv": ["sleep", "62.5"]}, time_limit_seconds=0.5)
    run = deployment.finished(deployment.trigger("hangs"))
    assert (run["state"], run["attempts"][0]["outcome"]) == ("failed", "timed_out")
    assert "0.5 s" in run["error"]["message"]
