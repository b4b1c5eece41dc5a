"""Renewal on a real database: what is held stays held, what waits too long goes back, and cancels are heard."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import pytest
import sqlalchemy as sa

from actors.worker.keeping.appetite import LONG_SECONDS
from actors.worker.keeping.held import HeldRun, HeldRuns, key_of
from actors.worker.keeping.keeper import Keeper
from actors.worker.keeping.process import WorkerProcess
from actors.worker.keeping.renewal import STEP_SECONDS, WAIT_SECONDS, Renewal
from actors.worker.running.current import CurrentRun
from actors.worker.running.interrupts import LeaseLost
from actors.worker.running.outcome import succeed
from models.lifecycle.claiming import ClaimedRun
from tests.actors.worker.conftest import BEHIND_A_POOLER_TOO
from tests.actors.worker.machine import Machine, claimed, locked, started, write
from tests.actors.worker.test_held_runs import claims
from tests.models.rows import announce, set_run
from tests.waiting import eventually

UPTIMES = ("actors.worker.keeping.renewal.uptime", "actors.worker.keeping.held.uptime")


@pytest.fixture
def worker(machine: Machine) -> WorkerProcess:
    return machine.worker()


@pytest.fixture
def stand_at(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """`stand_at(instant)` stops the clock that the worker counts by."""

    def stand_at(instant: float) -> None:
        for uptime in UPTIMES:
            monkeypatch.setattr(uptime, lambda: instant)

    return stand_at


@contextmanager
def kept(worker: WorkerProcess) -> Iterator[None]:
    """A keeper that has renewed for a first time."""
    keeper = Keeper(worker, lambda connection: announce(connection, "work"))
    keeper.start()
    try:
        eventually(lambda: keeper._reported)
        yield
    finally:
        keeper.stop()


@contextmanager
def inside(worker: WorkerProcess, run: CurrentRun) -> Iterator[None]:
    """The test's own thread is in the actor of this run: an interrupt of it is raised here."""
    worker.interrupts.enter(run, worker.interrupts.take_aim())
    try:
        yield
    finally:
        worker.interrupts.leave()


def held_of(worker: WorkerProcess, claim: ClaimedRun) -> HeldRun:
    return next(held for held in worker.held.all() if held.claim is claim)


def leases(machine: Machine, *claims: ClaimedRun) -> list[Any]:
    return [machine.row(claim).lease_until for claim in claims]


def change(machine: Machine, claim: ClaimedRun, assignments: str) -> None:
    with machine.engine.begin() as connection:
        set_run(connection, claim.id, assignments)


def outcomes(machine: Machine, claim: ClaimedRun) -> list[str]:
    return [attempt["outcome"] for attempt in machine.row(claim).attempts]


def test_what_no_thread_starts_in_time_goes_back_at_once_and_uses_up_no_retry(
    machine: Machine, worker: WorkerProcess
) -> None:
    waiting, running = claimed(worker), started(worker)
    with kept(worker):
        eventually(lambda: machine.row(waiting).state == "retrying")
    row = machine.row(waiting)
    assert (row.retries, row.interruptions, row.started_at, row.worker_id) == (0, 0, None, worker.id)
    assert row.due_at <= machine.now()
    assert outcomes(machine, waiting) == ["interrupted"]
    assert worker.held.start(waiting) is None
    assert not worker.held.knows(key_of(waiting))
    assert machine.row(running).state == "running"


def test_what_has_waited_for_less_stays(worker: WorkerProcess, stand_at: Callable[[float], None]) -> None:
    waiting, renewal = claimed(worker), Renewal(worker)
    since = held_of(worker, waiting).claimed
    stand_at(since + WAIT_SECONDS * 0.9)
    renewal.give_back()
    assert [held.claim for held in worker.held.all()] == [waiting]
    stand_at(since + WAIT_SECONDS * 1.1)
    renewal.give_back()
    assert worker.held.all() == []


def test_what_is_cancelled_while_it_waits_is_heard_within_a_moment_and_never_starts(
    machine: Machine, worker: WorkerProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Leases are renewed once an hour here."""
    monkeypatch.setattr("actors.worker.keeping.renewal.WAIT_SECONDS", 3600)
    with kept(worker):
        waiting = claimed(worker)
        change(machine, waiting, "cancel_requested_at = now()")
        eventually(lambda: machine.row(waiting).state == "cancelled")
    row = machine.row(waiting)
    assert (row.started_at, row.lease_until) == (None, None)
    assert row.finished_at >= waiting.claimed_at
    assert outcomes(machine, waiting) == ["cancelled"]
    assert worker.held.start(waiting) is None


def test_a_renewal_is_due_for_as_long_as_something_waits(
    worker: WorkerProcess, stand_at: Callable[[float], None]
) -> None:
    waiting, renewal = claimed(worker), Renewal(worker)
    since = held_of(worker, waiting).claimed
    renewal.renew()
    stand_at(since + STEP_SECONDS * 0.9)
    assert not renewal.is_due()
    stand_at(since + STEP_SECONDS * 1.1)
    renewal.renew()
    assert renewal.is_due(), "it may be cancelled"
    worker.held.start(waiting)
    renewal.renew()
    assert not renewal.is_due()


def test_a_thread_in_a_long_run_takes_no_part_in_claiming_ahead(
    worker: WorkerProcess, stand_at: Callable[[float], None]
) -> None:
    worker.held, renewal = HeldRuns(2), Renewal(worker)
    stand_at(0)
    *short, long = claims(201)
    for run in short:
        worker.held.add([run])
        worker.held.start(run)
        worker.held.end(key_of(run))
    ahead = (worker.held.room() - 2) // 2
    assert ahead > 0
    worker.held.add([long])
    worker.held.start(long)
    for seconds, room in ((LONG_SECONDS * 0.9, 1 + 2 * ahead), (LONG_SECONDS * 1.1, 1 + ahead)):
        stand_at(seconds)
        renewal.give_back()
        assert worker.held.room() == room


@BEHIND_A_POOLER_TOO
def test_a_locked_run_stays_held_and_the_others_are_renewed(
    machine: Machine, worker: WorkerProcess, new_run: Callable[..., CurrentRun]
) -> None:
    stuck, waiting, running, others = started(worker), claimed(worker), started(worker), claimed(machine.worker())
    before = leases(machine, stuck, waiting, running, others)
    with inside(worker, new_run(run_id=stuck.id, attempt=1)), locked(machine, "runs", stuck.id):
        Renewal(worker).renew()
    after = leases(machine, stuck, waiting, running, others)
    assert [new > old for new, old in zip(after, before, strict=True)] == [False, True, True, False]
    assert [held.claim for held in worker.held.all()] == [stuck, waiting, running]
    assert worker.held.start(waiting) is not None


def test_what_another_has_by_now_is_let_go(
    machine: Machine, worker: WorkerProcess, new_run: Callable[..., CurrentRun]
) -> None:
    """What has not started never will, what runs is interrupted."""
    waiting, running, own = claimed(worker), started(worker), claimed(worker)
    for claim in (waiting, running):
        change(machine, claim, "worker_id = gen_random_uuid()")
    with pytest.raises(LeaseLost), inside(worker, new_run(run_id=running.id, attempt=1)):
        Renewal(worker).renew()
    assert not worker.held.knows(key_of(waiting))
    assert worker.held.start(waiting) is None
    assert worker.held.knows(key_of(running)), "its thread is still to end it"
    assert worker.held.start(own) is not None
    write(worker)
    assert outcomes(machine, waiting) == outcomes(machine, running) == []


def test_an_end_that_is_not_written_for_long_is_renewed_and_not_before(
    machine: Machine, worker: WorkerProcess, stand_at: Callable[[float], None]
) -> None:
    claim, renewal = started(worker), Renewal(worker)
    leased = held_of(worker, claim).leased
    worker.finish(succeed(claim, None, claim.claimed_at, claim.claimed_at))
    every = worker.settings.worker.renew_seconds
    seen = [leases(machine, claim)]
    for seconds in (every - 1, every + 1, 2 * every, 2 * every + 2):
        stand_at(leased + seconds)
        renewal.renew()
        seen.append(leases(machine, claim))
    assert [new > old for old, new in pairwise(seen)] == [False, True, False, True]
    write(worker)
    assert machine.row(claim).state == "succeeded"


def test_what_starts_while_a_renewal_is_under_way_is_reported_with_the_next(
    machine: Machine, worker: WorkerProcess, stand_at: Callable[[float], None]
) -> None:
    claim, renewal = claimed(worker), Renewal(worker)
    held = held_of(worker, claim)
    sa.event.listen(worker.engine, "before_cursor_execute", lambda *_: worker.held.start(claim), once=True)
    renewal.renew()
    assert held.started is not None
    assert machine.row(claim).started_at is None
    stand_at(held.started + STEP_SECONDS * 1.1)
    assert renewal.is_due()
    renewal.renew()
    assert machine.row(claim).started_at == held.started_at
    assert not renewal.is_due()
