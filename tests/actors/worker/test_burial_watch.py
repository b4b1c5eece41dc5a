"""Burial on a real database: whose journals are looked at, for how long, and what a lock or a bad file delays."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest

from actors.worker.keeping.burial import CLAIM_SECONDS, Burial
from actors.worker.keeping.keeper import Keeper
from actors.worker.keeping.process import WorkerProcess
from config.database import fingerprint
from models.announcing import report_worker
from models.lifecycle.claiming import ClaimedRun
from tests.actors.worker.machine import Machine, claimed, kill, locked, started
from tests.models.rows import add_run, add_schedule, announce, claim
from tests.waiting import eventually

RUNS, ROUNDS = 20, 3


@pytest.fixture(autouse=True)
def _look_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.worker.keeping.burial.EACH_SECONDS", 0)


@pytest.fixture
def stand_at(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """`stand_at(seconds)` stops the clock by which journals of the dead are kept."""
    return lambda seconds: monkeypatch.setattr("actors.worker.keeping.burial.uptime", lambda: seconds)


@pytest.fixture
def dead(machine: Machine) -> WorkerProcess:
    """A worker that is killed before it is buried."""
    return machine.worker()


@pytest.fixture
def burial(machine: Machine) -> Burial:
    return Burial(machine.worker())


def has_journal(worker: WorkerProcess) -> bool:
    assert worker.journal is not None
    return worker.journal.path.exists()


def longest_claim(machine: Machine) -> float:
    return machine.settings.database.statement_timeout_seconds + CLAIM_SECONDS


def states(machine: Machine, *claims: ClaimedRun) -> list[str]:
    return [machine.row(claim).state for claim in claims]


def report(worker: WorkerProcess) -> None:
    with worker.engine.begin() as connection:
        report_worker(connection, worker.report())


def seen(worker: WorkerProcess) -> Any:
    """When a worker has reported last; None where it is not listed."""
    with worker.engine.begin() as connection:
        rows = connection.exec_driver_sql("SELECT last_seen_at FROM workers WHERE id = %(id)s", {"id": worker.id})
        return rows.scalar_one_or_none()


def test_a_worker_that_lives_is_left_alone(machine: Machine, burial: Burial, stand_at: Callable[[float], None]) -> None:
    living = machine.worker()
    report(living)
    runs = claimed(living), started(living)
    for seconds in (0, 2 * longest_claim(machine)):
        stand_at(seconds)
        burial.hold()
    assert states(machine, *runs) == ["running", "running"]
    assert has_journal(living)
    assert seen(living) is not None


def test_a_dead_worker_is_taken_off_the_list(dead: WorkerProcess, burial: Burial) -> None:
    report(dead)
    kill(dead)
    burial.hold()
    assert seen(dead) is None


def test_a_locked_run_is_ended_after_the_lock_and_delays_no_other(
    machine: Machine, dead: WorkerProcess, burial: Burial, stand_at: Callable[[float], None]
) -> None:
    stuck, waiting, running = started(dead), claimed(dead), started(dead)
    kill(dead)
    with locked(machine, "runs", stuck.id):
        for seconds in (0, 2 * longest_claim(machine)):
            stand_at(seconds)
            burial.hold()
            assert states(machine, stuck, waiting, running) == ["running", "retrying", "failed"]
            assert has_journal(dead), "it says how the locked one is to end"
    burial.hold()
    assert machine.row(stuck).attempts[0]["outcome"] == "lost"
    assert machine.row(stuck).started_at is not None
    burial.hold()
    assert not has_journal(dead)


def test_a_journal_stays_for_as_long_as_a_claim_may_be_on_its_way(
    machine: Machine, dead: WorkerProcess, burial: Burial, stand_at: Callable[[float], None]
) -> None:
    kill(dead)
    longest = longest_claim(machine)
    for seconds, stays in ((0, True), (longest - 1, True), (longest + 1, False)):
        stand_at(1000 + seconds)
        burial.hold()
        assert has_journal(dead) == stays


@pytest.mark.parametrize("is_late", [False, True])
def test_a_claim_that_shows_after_the_first_look_goes_back(
    machine: Machine, dead: WorkerProcess, burial: Burial, stand_at: Callable[[float], None], is_late: bool
) -> None:
    """The database took its time; the worker was dead when it was done."""
    with machine.engine.begin() as connection:
        run = add_run(connection)
    stand_at(0)
    with machine.engine.begin() as on_its_way:
        assert claim(on_its_way, run, worker=kill(dead))
        burial.hold()
    stand_at(is_late * 2 * longest_claim(machine))
    burial.hold()
    row = machine.row(run)
    assert (row.state, [attempt["outcome"] for attempt in row.attempts]) == ("retrying", ["interrupted"])


def buried_in_one_look(machine: Machine, workers: list[WorkerProcess]) -> bool:
    """Whether what each of them held goes back at the first look after they are killed."""
    runs = [claimed(worker) for worker in workers]
    for worker in workers:
        kill(worker)
    Burial(machine.worker()).hold()
    return set(states(machine, *runs)) == {"retrying"}


def add_unreadable(machine: Machine) -> None:
    """A folder, and a link to itself."""
    name = f"{fingerprint(machine.settings.database)}-{{}}"
    (machine.folder / name.format(uuid4())).mkdir()
    link = machine.folder / name.format(uuid4())
    link.symlink_to(link)


def test_a_lock_on_a_dead_workers_own_row_delays_no_burial(machine: Machine, dead: WorkerProcess) -> None:
    report(dead)
    with locked(machine, "workers", dead.id):
        assert buried_in_one_look(machine, [machine.worker(), dead, machine.worker(), machine.worker()])


def test_what_cannot_be_read_delays_no_burial(machine: Machine) -> None:
    workers = []
    for _ in range(3):  # in whichever order they are looked at
        workers.append(machine.worker())
        add_unreadable(machine)
    assert buried_in_one_look(machine, workers)


def test_neither_keeps_who_buries_from_reporting(
    machine: Machine, dead: WorkerProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actors.worker.keeping.keeper.REPORT_SECONDS", 0)
    report(dead)
    run = claimed(dead)
    add_unreadable(machine)
    kill(dead)
    burier = machine.worker()
    keeper = Keeper(burier, lambda connection: announce(connection, "work"))
    with locked(machine, "workers", dead.id):
        keeper.start()
        eventually(lambda: states(machine, run) == ["retrying"])
        before = seen(burier)
        eventually(lambda: seen(burier) > before)
        keeper.stop()


def test_two_who_bury_at_once_end_each_run_once(machine: Machine) -> None:
    with machine.engine.begin() as connection:
        schedule = add_schedule(connection)
    burials = [Burial(machine.worker()) for _ in range(2)]
    for round_ in range(1, ROUNDS + 1):
        dead = machine.worker()
        runs = [started(dead, schedule_id=schedule, max_retries=0) for _ in range(RUNS)]
        kill(dead)
        together(*[burial.hold for burial in burials])
        assert [len(machine.row(run).attempts) for run in runs] == [1] * RUNS
        with machine.engine.begin() as connection:
            counted = connection.exec_driver_sql("SELECT consecutive_failures FROM schedules").scalar_one()
        assert counted == round_ * RUNS


def together(*acts: Callable[[], None]) -> None:
    """In as many threads, which begin at once."""
    barrier = threading.Barrier(len(acts))

    def run(act: Callable[[], None]) -> None:
        barrier.wait(10)
        act()

    with ThreadPoolExecutor(len(acts)) as threads:
        list(threads.map(run, acts))
