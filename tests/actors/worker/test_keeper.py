"""The keeper on a real database: results, leases, and claims of which nothing was heard."""

import math
import signal
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import psycopg
import pytest
import sqlalchemy as sa
from dramatiq import Message
from dramatiq.broker import MessageProxy
from dramatiq.errors import ConnectionClosed

from actors.worker.claiming.consumer import ClaimingConsumer
from actors.worker.claiming.deliveries import LocalDeliveries
from actors.worker.keeping.ends import Ends
from actors.worker.keeping.held import HeldRuns, key_of
from actors.worker.keeping.keeper import Keeper
from actors.worker.keeping.process import WorkerProcess
from actors.worker.keeping.watchdog import Watchdog, _is_headless
from actors.worker.running.current import CurrentRun
from actors.worker.running.interrupts import LeaseLost
from actors.worker.running.outcome import succeed
from models.lifecycle.claiming import claim_runs
from models.lifecycle.finishing import FinishedAttempt
from models.sql.wake import CHANNEL
from models.words.states import Outcome, State
from tests.actors.worker.conftest import BEHIND_A_POOLER_TOO
from tests.actors.worker.line import READ, Line, published
from tests.actors.worker.machine import Machine, locked, started
from tests.models.rows import add_run, add_schedule, announce, read_run, set_run
from tests.waiting import eventually


def kept(process: WorkerProcess, heard: Callable[[], None] = lambda: None) -> Keeper:
    """A keeper at work; `heard` is called once its first words are committed."""

    def say(connection: sa.Connection) -> Callable[[], None]:
        announce(connection, "work")
        return heard

    keeper = Keeper(process, say)
    keeper.start()
    return keeper


def test_results_are_written_and_leases_renewed(process: WorkerProcess, line: Line) -> None:
    line.put(published(process), published(process))
    first, second = (message.claim for message in line.claims())
    keeper = kept(process)
    held = process.held.start(second)
    assert held is not None
    process.finish(succeed(first, {"ok": 1}, None, first.claimed_at))

    def states() -> list[Any]:
        with process.engine.begin() as connection:
            return [read_run(connection, first.id).result, read_run(connection, second.id).started_at is not None]

    eventually(lambda: states() == [{"ok": 1}, True])
    assert not process.held.knows(key_of(first))
    keeper.stop()


@pytest.mark.parametrize(
    ("overlap", "another_waits", "wakes"),
    [("skip", True, True), ("buffer_one", True, True), ("skip", False, False), ("allow", True, False)],
)
def test_the_end_of_a_run_wakes_schedulers_where_another_waits_for_it(
    process: WorkerProcess, line: Line, database_url: str, overlap: str, another_waits: bool, wakes: bool
) -> None:
    with process.engine.begin() as connection:
        schedule = add_schedule(connection, overlap=overlap)
        if another_waits:
            add_run(connection, schedule_id=schedule, overlap=overlap)
    line.put(published(process, schedule_id=schedule, overlap=overlap))
    [message] = line.claims()
    heard = threading.Event()
    keeper = kept(process, heard.set)
    assert heard.wait(20)  # its first words wake schedulers too
    with psycopg.connect(database_url, autocommit=True) as listener:
        listener.execute(f"LISTEN {CHANNEL}")
        process.finish(succeed(message.claim, None, None, message.claim.claimed_at))
        eventually(lambda: not process.held.knows(key_of(message.claim)))
        keeper.stop()
        listener.execute(f"NOTIFY {CHANNEL}, 'last'")
        payloads = [notification.payload for notification in listener.notifies(timeout=5, stop_after=1 + wakes)]
    assert payloads == [""] * wakes + ["last"]


def test_what_runs_is_interrupted_when_its_lease_runs_out_though_the_database_only_hangs(
    process: WorkerProcess, line: Line, new_run: Callable[..., CurrentRun]
) -> None:
    """No error comes from a database that hangs, and the keeper hangs with it."""
    process.held = HeldRuns(4, lease_seconds=0.3)
    line.put(published(process))
    [message] = line.claims()
    process.held.start(message.claim)
    watchdog = Watchdog(process, lambda: True)
    watchdog.start()
    process.interrupts.enter(new_run(run_id=message.claim.id, attempt=1), process.interrupts.take_aim())
    with pytest.raises(LeaseLost):  # noqa: PT012 - the interrupt may strike at any step
        for _ in range(100):
            time.sleep(0.05)
    process.interrupts.leave()
    watchdog.stop()


class DeadDeliveries(LocalDeliveries):
    """A connection to the broker that was lost together with that to the database."""

    def idle(self, seconds: float) -> None:
        raise ConnectionClosed(RuntimeError("gone"))


def test_a_claim_of_which_nothing_was_heard_before_the_broker_went_too_goes_back(
    process: WorkerProcess, line: Line
) -> None:
    """The message is delivered again, perhaps elsewhere, and claims nothing: the run would wait for its lease's end."""
    body = published(process)
    run = UUID(Message.decode(body).options["run_id"])

    def claim(_bodies: Sequence[bytes], _again: bool) -> list[MessageProxy]:
        with process.engine.begin() as connection:
            assert len(claim_runs(connection, [run], 0, process.id, 30)) == 1
        raise sa.exc.OperationalError("COMMIT", {}, Exception("the connection was lost"))

    line.put(body)
    consumer = ClaimingConsumer(DeadDeliveries(line.queue, [], READ), process, claim, 50)
    with pytest.raises(ConnectionClosed):
        next(consumer)
    keeper = kept(process)

    def outcomes() -> list[str]:
        with process.engine.begin() as connection:
            return [attempt["outcome"] for attempt in read_run(connection, run).attempts]

    eventually(lambda: outcomes() == ["interrupted"], 5, "the run goes back")
    keeper.stop()


def test_an_end_that_cannot_be_stored_is_replaced_and_stops_no_other(process: WorkerProcess, line: Line) -> None:
    line.put(*[published(process) for _ in range(3)])
    claims = [message.claim for message in line.claims()]
    ends = [succeed(claim, index, None, claim.claimed_at) for index, claim in enumerate(claims)]
    bad = claims[1]
    ends[1] = FinishedAttempt(
        bad.id, 1, Outcome.FAILED, State.RETRYING, None, bad.claimed_at, delay_seconds=math.inf, counts=True
    )
    for end in ends:
        process.finish(end)
    keeper = kept(process)

    def errors() -> list[Any]:
        with process.engine.begin() as connection:
            rows = [read_run(connection, claim.id) for claim in claims]
            return [(row.state, row.error_type) for row in rows]

    eventually(
        lambda: errors() == [("succeeded", None), ("failed", "ResultNotStored"), ("succeeded", None)],
        message="all three ends are written",
    )
    keeper.stop()


def test_a_claim_that_was_given_to_another_before_it_started_never_starts(process: WorkerProcess, line: Line) -> None:
    line.put(published(process))
    [message] = line.claims()
    with process.engine.begin() as connection:
        set_run(connection, message.claim.id, "worker_id = gen_random_uuid(), attempt = 2")
    keeper = kept(process)
    eventually(lambda: process.held.all() == [], message="the keeper lets go of it")
    assert process.held.start(message.claim) is None
    keeper.stop()


@pytest.mark.parametrize(("parent", "is_headless"), [(object(), True), (None, False)])
def test_only_a_process_of_dramatiqs_ends_when_its_main_thread_has(
    monkeypatch: pytest.MonkeyPatch, parent: object, is_headless: bool
) -> None:
    """Of any other it ends before what is to be done at exit."""
    monkeypatch.setattr("multiprocessing.parent_process", lambda: parent)
    monkeypatch.setattr("threading.main_thread", threading.Thread)
    assert _is_headless() is is_headless


def test_a_process_without_its_keeper_is_stopped_once(process: WorkerProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that it runs would ever be written."""
    signals: list[int] = []
    monkeypatch.setattr("actors.worker.keeping.watchdog.os.kill", lambda _pid, signum: signals.append(signum))
    watchdog = Watchdog(process, lambda: False)
    for _ in range(3):
        watchdog._look()
    assert signals == [signal.SIGTERM]


def test_the_watchdog_outlives_whatever_goes_wrong_in_it(
    process: WorkerProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[int] = []

    def look() -> None:
        looked.append(1)
        raise RuntimeError("on purpose")

    watchdog = Watchdog(process, lambda: True)
    monkeypatch.setattr(watchdog, "_look", look)
    watchdog.start()
    eventually(lambda: len(looked) >= 2)
    watchdog.stop()


@BEHIND_A_POOLER_TOO
def test_an_end_whose_row_is_locked_is_written_later_and_the_others_at_once(machine: Machine) -> None:
    worker = machine.worker()
    stuck, fine = started(worker), started(worker)
    ends = Ends(worker)
    for claim in (stuck, fine):
        worker.finish(succeed(claim, None, None, claim.claimed_at))
    with locked(machine, "runs", stuck.id):
        ends.collect(0, lambda _: None)
        ends.write()
        assert [machine.row(claim).state for claim in (stuck, fine)] == ["running", "succeeded"]
    eventually(lambda: ends.write() or not ends)
    assert machine.row(stuck).state == "succeeded"
