"""Interrupts: they end an actor whatever it catches, and never reach a thread that is out of it."""

# ruff: noqa: BLE001, E722, S110, S112, SIM105 - actors here catch what they should not

import contextlib
import random
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from dramatiq.middleware import Interrupt

from actors.worker.running.current import CurrentRun
from actors.worker.running.execution import Execution
from actors.worker.running.interrupts import Cancelled, Interrupts, TimeLimitExceeded
from actors.worker.running.output import Output
from tests.actors.worker.test_outcome import CLAIM
from tests.waiting import eventually

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def current_run(run_id: UUID) -> CurrentRun:
    return CurrentRun(run_id, "work", 1, "manual", None, None, None, None, NOW, "", 600, Output(100))


@pytest.fixture
def _threads_take_turns_often() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("_threads_take_turns_often")
def test_interrupts_race_with_the_end_of_an_actor_and_never_reach_an_idle_thread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The thread enters and leaves as `Execution` and Dramatiq's hook after it do."""
    interrupts = Interrupts()
    rounds, ended = 400, []
    moments = random.Random(1)
    monkeypatch.setattr("actors.worker.running.interrupts.AGAIN_SECONDS", 0)

    def call_actor(run: CurrentRun) -> None:
        aim = interrupts.take_aim()
        try:
            interrupts.enter(run, aim)
            deadline = time.perf_counter() + moments.random() / 1000
            while time.perf_counter() < deadline:
                pass
        finally:
            aim.value = 0
            interrupts.leave()

    def worker() -> None:
        for number in range(rounds):
            try:
                call_actor(current_run(UUID(int=number)))
                ended.append("returned")
            except Interrupt:
                ended.append("interrupted")
            finally:
                interrupts.leave()

    thread = threading.Thread(target=worker)
    thread.start()
    while thread.is_alive():
        for run in interrupts.running():
            interrupts.interrupt(run.run_id, run.attempt, Cancelled)
    thread.join()
    assert len(ended) == rounds
    assert "interrupted" in ended


def test_an_interrupt_for_a_run_that_is_not_inside_is_dropped() -> None:
    assert not Interrupts().interrupt(uuid4(), 1, Cancelled)


def test_an_interrupt_is_repeated_only_after_a_while() -> None:
    interrupts, run = Interrupts(), current_run(uuid4())
    entered, leave = threading.Event(), threading.Event()

    def actor() -> None:
        interrupts.enter(run, interrupts.take_aim())
        entered.set()
        with suppress(Interrupt):
            try:
                leave.wait()
            finally:
                interrupts.leave()

    thread = threading.Thread(target=actor)
    thread.start()
    entered.wait()
    assert interrupts.interrupt(run.run_id, run.attempt, Cancelled)
    assert not interrupts.interrupt(run.run_id, run.attempt, Cancelled)
    leave.set()
    thread.join()


def test_a_thread_that_does_not_come_back_is_stuck_until_it_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told of its first interrupt alone: the latest is all that Python keeps for it."""
    monkeypatch.setattr("actors.worker.running.interrupts.AGAIN_SECONDS", 0)
    monkeypatch.setattr("actors.worker.running.interrupts.STUCK_SECONDS", 0.1)
    interrupts, leave = Interrupts(), threading.Event()
    ends: list[str] = []
    execute = wrapped(lambda: leave.wait() and None)

    def worker() -> None:
        try:
            execute(interrupts)
        except Interrupt as error:
            ends.append(type(error).__name__)
        interrupts.leave()

    thread = threading.Thread(target=worker)
    thread.start()
    [run] = eventually(interrupts.running)
    assert (interrupts.stuck(), interrupts.struck()) == (0, [])
    interrupts.interrupt(run.run_id, run.attempt, TimeLimitExceeded)
    interrupts.interrupt(run.run_id, run.attempt, Cancelled)
    eventually(lambda: interrupts.stuck() == 1)
    assert interrupts.struck() == [(run, TimeLimitExceeded)]
    leave.set()
    thread.join()
    assert (interrupts.stuck(), interrupts.struck(), ends) == (0, [], ["TimeLimitExceeded"])


def passes() -> None:
    while True:
        try:
            time.sleep(0.01)
        except:
            pass


def computes() -> None:
    number = 0
    while True:
        try:
            number += 1
        except:
            pass


def calls_in_its_handler() -> None:
    while True:
        try:
            sum(range(1000))
        except BaseException:
            print(end="")


def nests() -> None:
    while True:
        try:
            while True:
                try:
                    time.sleep(0.01)
                except:
                    continue
        except:
            continue


def suppresses() -> None:
    while True:
        with contextlib.suppress(BaseException):
            try:
                time.sleep(0.01)
            finally:
                time.sleep(0.001)


def raises_something_else() -> None:
    while True:
        try:
            time.sleep(0.01)
        except BaseException as error:
            with suppress(RuntimeError):
                raise RuntimeError from error


@pytest.mark.parametrize("actor", [passes, computes, calls_in_its_handler, nests, suppresses, raises_something_else])
def test_an_actor_that_catches_everything_is_ended_and_its_thread_works_on(
    monkeypatch: pytest.MonkeyPatch, actor: Callable[[], None]
) -> None:
    monkeypatch.setattr("actors.worker.running.interrupts.AGAIN_SECONDS", 0.05)
    interrupts, ends = Interrupts(), []
    execute = wrapped(actor)

    def worker() -> None:
        for _ in range(10):
            try:
                execute(interrupts)
            except Interrupt as error:
                ends.append(type(error).__name__)
            interrupts.leave()  # as the middleware does
            sum(number for number in range(20_000))

    thread = threading.Thread(target=worker)
    thread.start()
    while thread.is_alive():
        for run in interrupts.running():
            interrupts.interrupt(run.run_id, run.attempt, TimeLimitExceeded)
        time.sleep(0.01)
    assert ends == ["TimeLimitExceeded"] * 10


def wrapped(function: Callable[[], None]) -> Callable[[Interrupts], None]:
    """The function as an actor's, inside a run."""
    execution = Execution()
    actor: Any = SimpleNamespace(fn=function, actor_name=CLAIM.actor, options={})
    execution.wrap(actor)

    def execute(interrupts: Interrupts) -> None:
        execution.prepare(CLAIM, interrupts, 100)
        actor.fn()

    return execute
