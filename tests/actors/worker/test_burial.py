"""Burial on a real database: what becomes of the runs of a worker that was killed, by what it had noted."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from dramatiq.errors import Retry

from actors.worker.keeping.burial import Burial
from actors.worker.keeping.journal import ENTRIES
from actors.worker.keeping.process import WorkerProcess
from actors.worker.running.interrupts import Cancelled, Shutdown, TimeLimitExceeded
from actors.worker.running.outcome import RetryRule, fail, succeed
from models.lifecycle.claiming import ClaimedRun
from models.lifecycle.finishing import FinishedAttempt
from models.words.states import Trigger
from tests.actors.worker.machine import Machine, claimed, kill, started, write
from tests.models.rows import add_schedule, set_run


@pytest.fixture(autouse=True)
def _look_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.worker.keeping.burial.EACH_SECONDS", 0)


@pytest.fixture
def dead(machine: Machine) -> WorkerProcess:
    """A worker that is killed before it is buried."""
    return machine.worker()


@pytest.fixture
def bury(machine: Machine, dead: WorkerProcess) -> Callable[[], None]:
    burial = Burial(machine.worker())

    def bury() -> None:
        kill(dead)
        burial.hold()
        burial.hold()  # a second look changes nothing

    return bury


def attempt(machine: Machine, claim: ClaimedRun) -> dict[str, Any]:
    """The one attempt that the run has had."""
    [attempt] = machine.row(claim).attempts
    return attempt


def schedule_of(machine: Machine, **columns: Any) -> Any:
    with machine.engine.begin() as connection:
        return add_schedule(connection, **columns)


def read_schedule(machine: Machine) -> Any:
    with machine.engine.begin() as connection:
        return connection.exec_driver_sql("SELECT * FROM schedules").one()


def test_what_had_not_started_goes_back_at_once_and_uses_up_no_retry(
    machine: Machine, dead: WorkerProcess, bury: Callable[[], None]
) -> None:
    claim = claimed(dead)
    bury()
    row, ended = machine.row(claim), attempt(machine, claim)
    assert (row.state, row.retries, row.interruptions, row.lease_until) == ("retrying", 0, 0, None)
    assert row.due_at <= machine.now()
    assert (ended["outcome"], ended["started_at"], ended["backoff_seconds"]) == ("interrupted", None, 0)
    assert ended["error"]["type"] == "WorkerLost"


@pytest.mark.parametrize(("max_retries", "state"), [(0, "failed"), (1, "retrying")])
def test_what_had_started_is_lost_with_its_real_start(
    machine: Machine, dead: WorkerProcess, bury: Callable[[], None], max_retries: int, state: str
) -> None:
    """The keeper had not yet shown it."""
    claim = started(dead, max_retries=max_retries, min_backoff_seconds=15)
    [held] = dead.held.all()
    now = machine.now()
    bury()
    row, ended = machine.row(claim), attempt(machine, claim)
    assert (row.state, row.retries, ended["outcome"]) == (state, max_retries, "lost")
    assert row.started_at == held.started_at
    assert (row.finished_at is None) == (state == "retrying")
    assert state == "failed" or (row.due_at - now).total_seconds() >= 15


ENDS = {
    "failed": lambda claim: fail(claim, ValueError(), RetryRule(), claim.claimed_at, claim.claimed_at),
    "failed-for-good": lambda claim: fail(
        claim, KeyError(), RetryRule(throws=(KeyError,)), claim.claimed_at, claim.claimed_at
    ),
    "told-when": lambda claim: fail(claim, Retry("x", 90_000), RetryRule(), claim.claimed_at, claim.claimed_at),
    "timed-out": lambda claim: fail(claim, TimeLimitExceeded(), RetryRule(), claim.claimed_at, claim.claimed_at),
    "stopped": lambda claim: fail(claim, Shutdown(), RetryRule(), claim.claimed_at, claim.claimed_at),
    "cancelled": lambda claim: fail(claim, Cancelled(), RetryRule(), claim.claimed_at, claim.claimed_at),
}


@pytest.mark.parametrize(
    ("end", "outcome", "state", "retries", "interruptions"),
    [
        ("failed", "failed", "retrying", 1, 0),
        ("failed-for-good", "failed", "failed", 0, 0),
        ("told-when", "failed", "retrying", 1, 0),
        ("timed-out", "timed_out", "retrying", 1, 0),
        ("stopped", "interrupted", "retrying", 0, 1),
        ("cancelled", "cancelled", "cancelled", 0, 0),
    ],
)
def test_what_had_been_decided_holds(
    machine: Machine,
    dead: WorkerProcess,
    bury: Callable[[], None],
    end: str,
    outcome: str,
    state: str,
    retries: int,
    interruptions: int,
) -> None:
    claim = started(dead, max_retries=3, min_backoff_seconds=15, max_backoff_seconds=60)
    decided: FinishedAttempt = ENDS[end](claim)
    [held] = dead.held.all()
    dead.finish(decided)
    now = machine.now()
    bury()
    row, ended = machine.row(claim), attempt(machine, claim)
    assert (row.state, row.retries, row.interruptions) == (state, retries, interruptions)
    assert (ended["outcome"], row.started_at) == (outcome, held.started_at)
    if state == "retrying":
        assert ended["backoff_seconds"] == pytest.approx(decided.delay_seconds)
        assert (row.due_at - now).total_seconds() >= decided.delay_seconds - 0.001
    else:
        assert row.finished_at == decided.finished_at


def test_work_that_was_done_is_done(machine: Machine, dead: WorkerProcess, bury: Callable[[], None]) -> None:
    """And its success counts; only the result is gone, and the output says so."""
    claim = started(dead, max_retries=3, schedule_id=schedule_of(machine, consecutive_failures=2))
    dead.finish(succeed(claim, {"rows": 7}, claim.claimed_at, claim.claimed_at))
    bury()
    row, ended = machine.row(claim), attempt(machine, claim)
    assert (row.state, row.result, row.error_type, row.finished_at) == ("succeeded", None, None, claim.claimed_at)
    assert (ended["outcome"], ended["error"]) == ("succeeded", None)
    assert read_schedule(machine).consecutive_failures == 0
    with machine.engine.begin() as connection:
        outputs = connection.exec_driver_sql("SELECT run_id, output FROM run_outputs").all()
    assert [(run, "its worker was killed" in output) for run, output in outputs] == [(claim.id, True)]


def test_a_failure_counts_once_for_its_schedule(
    machine: Machine, dead: WorkerProcess, bury: Callable[[], None]
) -> None:
    started(dead, schedule_id=schedule_of(machine, pause_after_failures=2))
    bury()
    schedule = read_schedule(machine)
    assert (schedule.consecutive_failures, schedule.paused_at) == (1, None)


def test_what_is_noted_of_one_attempt_says_nothing_of_the_next(
    machine: Machine, dead: WorkerProcess, bury: Callable[[], None]
) -> None:
    """The kill struck after the first had been written and before that was noted; the worker had claimed it again."""
    claim = started(dead, max_retries=3)
    dead.finish(ENDS["failed"](claim))
    with machine.engine.begin() as connection:
        set_run(connection, claim.id, "attempt = 2, retries = 1")
    bury()
    row, ended = machine.row(claim), attempt(machine, claim)
    assert (row.state, row.retries) == ("retrying", 1)
    assert (ended["number"], ended["outcome"], ended["started_at"]) == (2, "interrupted", None)


@pytest.mark.parametrize(("max_retries", "state"), [(0, "failed"), (1, "retrying")])
def test_what_a_restored_database_knows_as_started_had_started(
    machine: Machine, dead: WorkerProcess, bury: Callable[[], None], max_retries: int, state: str
) -> None:
    """Its end was written to the database that is lost, and is noted no more."""
    claim = started(dead, max_retries=max_retries)
    [held] = dead.held.all()
    shown = f"'{held.started_at}'"
    dead.finish(succeed(claim, None, claim.claimed_at, claim.claimed_at))
    write(dead)
    before = f"state = 'running', worker_id = '{dead.id}', started_at = {shown}, finished_at = NULL, attempts = '[]'"
    with machine.engine.begin() as connection:
        set_run(connection, claim.id, f"{before}, lease_until = now()")
    bury()
    row, ended = machine.row(claim), attempt(machine, claim)
    assert (row.state, row.retries, ended["outcome"]) == (state, max_retries, "lost")
    assert row.started_at == held.started_at


def test_what_was_to_be_cancelled_and_had_not_started_is_cancelled(
    machine: Machine, dead: WorkerProcess, bury: Callable[[], None]
) -> None:
    """Its slot never ran."""
    schedule = schedule_of(machine, slots_run=3)
    claim = claimed(dead, schedule_id=schedule, trigger=Trigger.SCHEDULE)
    with machine.engine.begin() as connection:
        set_run(connection, claim.id, "cancel_requested_at = now()")
    bury()
    row = machine.row(claim)
    assert (row.state, row.started_at, row.retries) == ("cancelled", None, 0)
    assert row.finished_at is not None
    assert attempt(machine, claim)["started_at"] is None
    assert read_schedule(machine).slots_run == 2


def test_where_the_journal_had_no_room_anything_may_have_started(
    machine: Machine, dead: WorkerProcess, bury: Callable[[], None]
) -> None:
    waiting, decided = claimed(dead), started(dead)
    dead.finish(succeed(decided, None, decided.claimed_at, decided.claimed_at))
    assert dead.journal is not None
    for number in range(ENTRIES):
        dead.journal.start((uuid4(), number), decided.claimed_at)
    bury()
    assert (machine.row(waiting).state, attempt(machine, waiting)["outcome"]) == ("failed", "lost")
    assert machine.row(decided).state == "succeeded"
