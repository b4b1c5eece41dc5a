"""Threads that do not come back, and children that are copies: what is left is no half of a worker."""

import multiprocessing
import signal
import subprocess
import sys
import time
from typing import Any
from uuid import uuid4

import dramatiq
import pytest

from actors.worker.claiming.brokers import LocalBroker
from actors.worker.keeping import leaving
from actors.worker.keeping.burial import Burial
from actors.worker.keeping.leaving import EXIT_BROKEN, Leaving
from actors.worker.keeping.process import WorkerProcess
from actors.worker.keeping.watchdog import LEAVE_SECONDS, Watchdog
from actors.worker.running.interrupts import Cancelled, Shutdown, TimeLimitExceeded
from tests.actors.worker.machine import Machine, kill, started
from tests.actors.worker.test_interrupts import current_run
from tests.end_to_end.deployment import ROOT


class Stuck:
    """Says of so many threads that they do not come back, and which runs they are in."""

    def __init__(self, threads: int = 0, struck: list[Any] | None = None) -> None:
        self._threads, self._struck = threads, struck or []

    def running(self) -> list[Any]:
        return []

    def stuck(self) -> int:
        return self._threads

    def struck(self) -> list[Any]:
        return self._struck


@pytest.fixture
def signals(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What the process would have been sent."""
    sent: list[int] = []
    monkeypatch.setattr("actors.worker.keeping.watchdog.os.kill", lambda _pid, number: sent.append(number))
    return sent


@pytest.mark.parametrize(
    ("threads", "stuck", "ends"), [(1, 0, 0), (1, 1, 1), (3, 1, 0), (3, 2, 1), (4, 1, 0), (4, 2, 1), (8, 3, 0)]
)
def test_a_process_half_of_whose_threads_are_gone_ends_itself(
    process: WorkerProcess, signals: list[int], threads: int, stuck: int, ends: int
) -> None:
    process.threads, process.interrupts = threads, Stuck(stuck)  # type: ignore[assignment]
    watchdog = Watchdog(process, lambda: True)
    watchdog._look()
    watchdog._look()
    assert signals == [signal.SIGTERM] * ends
    assert process.exit_code == (EXIT_BROKEN if ends else 0)


def test_one_that_is_being_stopped_ends_as_it_was_told(process: WorkerProcess, signals: list[int]) -> None:
    process.interrupts, process.stop_at = Stuck(4), time.monotonic() + 600  # type: ignore[assignment]
    Watchdog(process, lambda: True)._look()
    assert process.exit_code == 0


@pytest.mark.parametrize(("late", "of_dramatiq", "left"), [(0, True, 0), (1, True, 1), (1, False, 0)])
def test_one_that_does_not_end_is_left_by_force(
    process: WorkerProcess, monkeypatch: pytest.MonkeyPatch, late: float, of_dramatiq: bool, left: int
) -> None:
    monkeypatch.setattr("actors.worker.keeping.watchdog.is_of_dramatiq", lambda: of_dramatiq)
    process.stop_at = time.monotonic() - LEAVE_SECONDS - 1 + 2 * (1 - late)
    leaves: list[int] = []
    monkeypatch.setattr("actors.worker.keeping.watchdog._master_is_gone", lambda: False)
    Watchdog(process, lambda: True, lambda: leaves.append(1))._look()
    assert len(leaves) == left


@pytest.mark.parametrize(
    ("kind", "outcome", "state"),
    [
        (TimeLimitExceeded, "timed_out", "failed"),
        (Cancelled, "cancelled", "cancelled"),
        (Shutdown, "interrupted", "retrying"),
    ],
)
def test_what_a_stuck_thread_ran_has_ended_as_it_was_interrupted(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, kind: Any, outcome: str, state: str
) -> None:
    codes: list[int] = []
    monkeypatch.setattr(leaving, "is_of_dramatiq", lambda: True)
    monkeypatch.setattr("actors.worker.keeping.leaving.os._exit", codes.append)
    worker, written = machine.worker(), []
    claim = started(worker)
    run = current_run(claim.id)
    worker.interrupts = Stuck(1, [(run, kind), (current_run(uuid4()), kind)])  # type: ignore[assignment]
    worker.exit_code = EXIT_BROKEN
    Leaving(worker, lambda: written.append(1)).leave_stuck()
    assert (codes, written) == ([EXIT_BROKEN], [1])
    assert machine.row(claim).state == "running"  # it may still be at work

    kill(worker)
    Burial(machine.worker()).hold()
    row = machine.row(claim)
    assert (row.state, [attempt["outcome"] for attempt in row.attempts]) == (state, [outcome])


def test_children_are_killed_where_threads_are_stuck_alone(process: WorkerProcess) -> None:
    child = multiprocessing.get_context("fork").Process(target=time.sleep, args=(60,))
    child.start()
    process.interrupts = Stuck()  # type: ignore[assignment]
    Leaving(process, lambda: None).end_children([])
    assert child.exitcode is None
    process.interrupts = Stuck(1, [(current_run(uuid4()), Cancelled)])  # type: ignore[assignment]
    Leaving(process, lambda: None).end_children([])
    child.join(10)
    assert child.exitcode == -signal.SIGKILL


def test_a_message_that_a_child_would_send_to_nobody_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.worker.claiming.brokers.is_child", lambda: True)
    broker = LocalBroker([])
    work = dramatiq.actor(lambda: None, actor_name="work", broker=broker)
    with pytest.raises(RuntimeError, match="where there is a RabbitMQ"):
        work.send()


UP = """
import multiprocessing, os, sys, time
from actors.worker.running.forks import disown_children
from api.cli.local.up import _catch_signals
pipe = _catch_signals()
disown_children()
os.set_blocking(pipe, False)
child = multiprocessing.get_context("fork").Process(target=time.sleep, args=(60,))
child.start()
child.terminate()
child.join(10)
try:
    heard = os.read(pipe, 10)
except BlockingIOError:
    heard = b""
print(child.exitcode, heard)
child.kill()
"""


def test_a_childs_signal_does_not_stop_callsheet_up() -> None:
    ended = subprocess.run([sys.executable, "-c", UP], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    assert ended.stdout == "-15 b''\n"
