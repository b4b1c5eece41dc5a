"""The subscriber of ten lines hears how runs end, before a real callsheet and after it was away."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.end_to_end.deployment import ROOT, Deployment
from tests.waiting import eventually

SCRIPT = Path("docs") / "examples" / "subscriber" / "subscriber.py"
QUEUE = "who-ended"


@contextmanager
def subscriber(deployment: Deployment, said: Path) -> Iterator[None]:
    """The script as somebody runs it, until the end of the block."""
    with said.open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, SCRIPT], cwd=ROOT, env=deployment.environment | {"PYTHONPATH": ""}, stdout=out, stderr=out
        )
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


def test_the_subscriber_hears_how_runs_end(tmp_path: Path, database_url: str, amqp_url: str) -> None:
    said = tmp_path / "said"
    with Deployment(tmp_path, database_url, amqp_url) as deployment:
        with subscriber(deployment, said):  # its queue is there before callsheet is
            deployment.start("web", "scheduling", "worker").ready()
            deployment.create("good", actor="log_message", args={"message": "hi"}, overlap="allow")
            deployment.create("bad", actor="run_process", args={"argv": ["false"]}, overlap="allow")
            first = deployment.trigger("good")
            line = f"{first}.1.succeeded good succeeded None\n"
            eventually(lambda: line in said.read_text(), 60, "it hears of the success")
        bad = deployment.finished(deployment.trigger("bad"))
        eventually(lambda: deployment.query("SELECT sent = numbered FROM event_relay") == [(True,)])
        with subscriber(deployment, said):
            line = f"{bad['id']}.1.failed bad failed {bad['error']['type']}\n"
            eventually(lambda: line in said.read_text(), 30, "what came while it was away has waited")
    assert "Traceback" not in said.read_text()
