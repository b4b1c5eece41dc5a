"""A project's own process: its broker, and the example of the docs."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.end_to_end.deployment import ROOT

STUB = """
from actors.testing import use_stub_broker
broker = use_stub_broker()
from actors.log_message import log_message
import dramatiq
log_message.send("hello")
assert broker.queues["default"].qsize() == 1
@dramatiq.actor(isolation="process", periodic="0 0 * * *", max_retries=3, actor_name="x")
async def work(): pass
try:
    use_stub_broker()
except RuntimeError as error:
    print(error)
"""


def run_alone(argv: list[str], folder: Path = ROOT, **environ: str) -> str:
    environment = {"PATH": os.environ["PATH"], **environ}
    command = [sys.executable, *argv]
    ended = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_a_stub_broker_takes_what_actors_send_and_comes_before_them() -> None:
    said = run_alone(["-c", STUB])
    assert said == "use_stub_broker comes too late, there are actors on another broker already: log_message, x\n"


def test_the_example_of_the_docs_runs(tmp_path: Path) -> None:
    """Its actor as the package `actors` would find it; in an environment without any setting."""
    example, test = re.findall(r"```python\n(.*?)```", (ROOT / "docs/testing-actors.md").read_text(), flags=re.DOTALL)
    (tmp_path / "export.py").write_text(example)
    (tmp_path / "test_export.py").write_text(test.replace("from actors.export", "from export"))
    options = ["-q", "-p", "no:cacheprovider", "-W", "error", "-c", os.devnull, "--rootdir", str(tmp_path)]
    said = run_alone(["-m", "pytest", *options, "test_export.py"], tmp_path, PYTHONPATH=f"{ROOT}:{tmp_path}")
    assert "2 passed" in said
