"""Held runs and interrupts: what a worker process may claim, start and stop."""

import threading
import time
from dataclasses import replace
from uuid import uuid4

import pytest

from actors.worker.keeping.appetite import MOST_AHEAD
from actors.worker.keeping.held import HeldRuns, key_of
from config.uptime import uptime
from tests.actors.worker.test_outcome import CLAIM, NOW


def claims(count: int) -> list:  # type: ignore[type-arg]
    return [replace(CLAIM, id=uuid4()) for _ in range(count)]


def test_there_is_room_for_what_free_threads_can_start() -> None:
    held = HeldRuns(threads=2)
    first, second = claims(2)
    assert held.room() == 2
    held.add([first, second])
    assert held.room() == 0
    held.start(first)
    held.end(key_of(first))
    assert held.room() == 1


def test_a_process_claims_ahead_of_short_runs_only() -> None:
    held = HeldRuns(threads=2)
    for claim in claims(200):
        held.add([claim])
        held.start(claim)
        held.end(key_of(claim))
    assert held.room() > 2


@pytest.mark.parametrize(("seconds", "ahead"), [(1.0, 0), (0.04, 1), (0.007, 2), (0.0, MOST_AHEAD)])
def test_how_far_ahead_follows_the_length_of_runs(monkeypatch: pytest.MonkeyPatch, seconds: float, ahead: int) -> None:
    held, now = HeldRuns(threads=2), 0.0
    monkeypatch.setattr("actors.worker.keeping.held.uptime", lambda: now)
    for claim in claims(200):
        held.add([claim])
        held.start(claim)
        now += seconds
        held.end(key_of(claim))
    assert held.room() == 2 + 2 * ahead


def test_waiting_for_room_ends_when_a_run_does() -> None:
    held = HeldRuns(threads=1)
    [claim] = claims(1)
    held.add([claim])
    assert held.wait_for_room(0.01) == 0
    threading.Timer(0.05, held.end, [key_of(claim)]).start()
    assert held.wait_for_room(10) == 1


def test_closing_gives_back_what_has_not_started_and_no_thread_gets_it() -> None:
    held = HeldRuns(threads=4)
    running, waiting = claims(2)
    held.add([running, waiting])
    held.start(running)
    assert [each.claim.id for each in held.close()] == [waiting.id]
    assert held.start(waiting) is None
    assert held.room() == 0
    assert [each.claim.id for each in held.all()] == [running.id]


def test_an_attempt_starts_once() -> None:
    held = HeldRuns(threads=4)
    [claim] = claims(1)
    held.add([claim])
    assert held.start(claim) is not None
    assert held.start(claim) is None


def test_an_older_attempt_that_ends_late_leaves_the_newer_one_held() -> None:
    held = HeldRuns(threads=4)
    [first] = claims(1)
    second = replace(first, attempt=2)
    held.add([first])
    held.start(first)
    held.add([second])
    held.start(second)
    held.end(key_of(first))
    assert [each.claim.attempt for each in held.all()] == [2]


def test_what_was_lost_before_it_started_never_starts_and_what_runs_is_kept_to_be_interrupted() -> None:
    held = HeldRuns(threads=4)
    running, waiting = claims(2)
    held.add([running, waiting])
    held.start(running)
    assert [each.claim for each in held.take_back([key_of(running), key_of(waiting)])] == [waiting]
    assert held.start(waiting) is None
    assert [each.claim.id for each in held.all()] == [running.id]


def test_a_run_whose_lease_ran_out_before_a_thread_was_free_never_starts() -> None:
    """The process was frozen meanwhile: by now the run may have been given to another worker, or cancelled."""
    held = HeldRuns(threads=4, lease_seconds=0.1)
    late, renewed = claims(2)
    held.add([late, renewed], leased=uptime() - 1)
    held.note_renewal([key_of(renewed)], uptime())
    assert held.start(late) is None
    assert held.start(renewed) is not None
    assert [each.claim.id for each in held.all()] == [renewed.id]


def test_what_runs_is_overdue_once_its_lease_has_run_out() -> None:
    held = HeldRuns(threads=4, lease_seconds=0.1)
    [running] = claims(1)
    held.add([running])
    held.start(running)
    assert held.overdue() == []
    held.note_renewal([key_of(running)], uptime() - 1)
    assert [each.claim.id for each in held.overdue()] == [running.id]


def test_a_lease_runs_out_while_the_machine_sleeps(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lid that was closed, a paused virtual machine: meanwhile the run was rescued, and others may have it."""
    held = HeldRuns(threads=4, lease_seconds=30)
    running, waiting = claims(2)
    held.add([running, waiting])
    held.start(running)
    awake = time.clock_gettime
    monkeypatch.setattr(time, "clock_gettime", lambda clock: awake(clock) + 60 * (clock == time.CLOCK_BOOTTIME))
    assert [each.claim.id for each in held.overdue()] == [running.id]
    assert held.start(waiting) is None


def test_an_attempt_is_known_until_its_end_is_written() -> None:
    held = HeldRuns(threads=1)
    [claim] = claims(1)
    assert not held.knows(key_of(claim))
    held.add([claim])
    held.end(key_of(claim))
    assert held.knows(key_of(claim))
    held.forget([key_of(claim)])
    assert not held.knows(key_of(claim))


def test_times_are_the_databases() -> None:
    held = HeldRuns(threads=1)
    [claim] = claims(1)
    held.add([claim])
    started = held.start(claim)
    assert started is not None
    at = started.started_at
    assert at is not None
    assert 0 <= (at - NOW).total_seconds() < 5


def test_what_is_had_at_hand_follows_the_length_of_runs_but_not_at_once() -> None:
    held = HeldRuns(threads=2)
    assert held.prefetch() == 2
    for claim in claims(200):
        held.add([claim])
        held.start(claim)
        held.end(key_of(claim))
    assert held.prefetch() > 2
    held._appetite._average_seconds = 0.07
    for claim in claims(1):
        held.add([claim])
        held.start(claim)
        held.end(key_of(claim))
    assert held.prefetch() > 2
    held._appetite._average_seconds = 0.2
    for claim in claims(1):
        held.add([claim])
        held.start(claim)
        held.end(key_of(claim))
    assert held.prefetch() == 2
