"""Readings that are shared."""

import threading

import pytest

from api.web import shared
from api.web.shared import Shared
from tests.waiting import eventually


def test_who_asks_meanwhile_gets_the_reading_under_way_and_who_asks_later_another() -> None:
    readings: Shared[int] = Shared("test")
    gate, begun, answers = threading.Event(), [], []

    def read() -> int:
        begun.append(1)
        gate.wait(20)
        return len(begun)

    asking = [threading.Thread(target=lambda: answers.append(readings.ask(read, 20))) for _ in range(8)]
    for each in asking:
        each.start()
    eventually(lambda: begun)
    assert readings.ask(read, 0) is None
    assert len(begun) == 1
    gate.set()
    for each in asking:
        each.join()
    assert len(answers) == 8
    before = len(begun)
    assert readings.ask(read, 20) == before + 1


def test_a_reading_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    readings: Shared[int] = Shared("test")
    gate = threading.Event()
    assert readings.ask(lambda: int(gate.wait(20)), 0) is None
    assert readings.ask(lambda: 2, 0) is None
    monkeypatch.setattr(shared, "GIVEN_UP_SECONDS", -1)
    assert readings.ask(lambda: 3, 20) == 3
    gate.set()


def test_a_fault_is_told_and_the_next_reading_is_another() -> None:
    readings: Shared[int] = Shared("test")
    with pytest.raises(ZeroDivisionError):
        readings.ask(lambda: 1 // 0, 20)
    assert readings.ask(lambda: 1, 20) == 1
