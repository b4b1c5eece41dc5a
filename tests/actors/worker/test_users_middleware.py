"""Middleware and brokers of modules that people name to a worker, in real processes."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.end_to_end.deployment import ROOT
from tests.waiting import eventually

Start = Callable[..., subprocess.Popen[str]]

NOTING = """
import os
import dramatiq

class Noting(dramatiq.Middleware):
    def __getattribute__(self, name):
        if name in ("actor_options", "forks") or name.startswith("__"):
            return super().__getattribute__(name)
        return lambda *_, **__: note(name)

def note(name):
    if name.endswith(("process_boot", "worker_boot", "worker_shutdown")):
        with open(os.environ["NOTES"], "a") as notes:
            notes.write(name + "\\n")

dramatiq.get_broker().add_middleware(Noting())

@dramatiq.actor
def mine(): ...
"""

LOOPS = {
    "a second AsyncIO": "broker.add_middleware(AsyncIO())",
    "several": "[broker.add_middleware(AsyncIO()) for _ in range(3)]",
    "before ours": "broker.add_middleware(AsyncIO(), before=AsyncIO)",
    "of another class": "broker.add_middleware(Loop())\nbroker.add_middleware(AsyncIO())",
    "of another class, twice": "broker.add_middleware(Loop())\nbroker.add_middleware(Loop())",
}
LOOP = """
import dramatiq
from dramatiq.middleware import AsyncIO

class Loop(AsyncIO): ...

broker = dramatiq.get_broker()
{}
"""

FOREIGN = """
import dramatiq
from dramatiq.brokers.rabbitmq import RabbitmqBroker

ours = dramatiq.get_broker()
dramatiq.set_broker(RabbitmqBroker(url="amqp://nowhere.invalid"))

@dramatiq.actor
def charge(): ...

@dramatiq.actor
def refund(): ...
"""


@pytest.fixture
def start(tmp_path: Path, database_url: str, amqp_url: str) -> Iterator[Start]:
    """A worker's master process, to which a module with this source is named."""
    started = []

    def start(source: str, *options: str, named: str = "command") -> subprocess.Popen[str]:
        (tmp_path / "my_tasks.py").write_text(source)
        environ = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(tmp_path),
            "DATABASE_URL": database_url,
            "AMQP_URL": amqp_url,
            "NOTES": str(tmp_path / "notes"),
            "CALLSHEET_LOG__FORMAT": "json",
        }
        modules = ["my_tasks"] if named == "command" else []
        if named == "settings":
            environ["CALLSHEET_ACTORS__MODULES"] = '["my_tasks"]'
        command = [sys.executable, "-m", "dramatiq", "actors", *modules, "-p", "1", "-t", "1", "--skip-logging"]
        with (tmp_path / "log").open("w") as log:
            process = subprocess.Popen(
                [*command, *options], cwd=ROOT, env=environ, stderr=log, text=True, start_new_session=True
            )
        started.append(process)
        return process

    yield start
    for process in started:
        with suppress(ProcessLookupError):  # nothing of its group is left
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.fixture
def said(tmp_path: Path) -> Callable[[], str]:
    return (tmp_path / "log").read_text


def ended(process: subprocess.Popen[str]) -> int:
    process.send_signal(signal.SIGTERM)
    return process.wait(20)


@pytest.mark.parametrize("named", ["command", "settings"])
def test_middleware_of_a_module_is_told_of_its_process(
    start: Start, said: Callable[[], str], tmp_path: Path, named: str
) -> None:
    process = start(NOTING, named=named)
    eventually(lambda: "after_worker_boot" in (tmp_path / "notes").read_text(), 30, ignoring=FileNotFoundError)
    assert ended(process) == 0
    assert (tmp_path / "notes").read_text().split() == [
        "after_process_boot",
        "before_worker_boot",
        "after_worker_boot",
        "before_worker_shutdown",
        "after_worker_shutdown",
    ], said()


@pytest.mark.parametrize("line", LOOPS.values(), ids=LOOPS)
def test_a_second_event_loop_keeps_no_worker_alive(start: Start, said: Callable[[], str], line: str) -> None:
    process = start(LOOP.format(line))
    eventually(lambda: '"start"' in said(), 30)
    assert ended(process) == 0, said()


@pytest.mark.parametrize("named", ["command", "settings"])
def test_a_module_with_a_broker_of_its_own_stops_the_worker(start: Start, said: Callable[[], str], named: str) -> None:
    assert start(FOREIGN, named=named).wait(30) == 78
    [line] = [line for line in said().splitlines() if "my_tasks" in line]
    assert "RabbitmqBroker" in line
    assert "charge, refund" in line
    assert "set_broker" in line


def test_a_broker_beside_ours_is_nobodys_mistake(start: Start, said: Callable[[], str]) -> None:
    """Actors of another worker's, to send to, beside some of ours."""
    process = start(f"{FOREIGN}\n@dramatiq.actor(broker=ours)\ndef mine(): ...\n")
    eventually(lambda: '"start"' in said(), 30)
    assert ended(process) == 0, said()
