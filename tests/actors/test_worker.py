"""A worker process's own parts together, on a real database: consumer, claims, keeper."""

import json
import math
import queue
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import dramatiq
import pytest
import sqlalchemy as sa
from dramatiq import Message
from dramatiq.broker import MessageProxy
from dramatiq.brokers.stub import StubBroker
from dramatiq.errors import ConnectionClosed

from actors.claims import ClaimedMessage, claim_messages
from actors.consumer import ClaimingConsumer
from actors.context import CurrentRun
from actors.deliveries import LocalDeliveries
from actors.held import HeldRuns, key_of
from actors.interrupts import LeaseLost
from actors.keeper import Keeper
from actors.outcome import succeed
from actors.process import WorkerProcess
from actors.watchdog import Watchdog
from config.settings import load_settings
from models.claiming import claim_runs
from models.finishing import FinishedAttempt
from models.states import Outcome, State
from tests.models.rows import add_run, announce, read_run, set_run, sqlalchemy_url
from tests.waiting import eventually


@pytest.fixture
def process(database_url: str) -> Iterator[WorkerProcess]:
    engine = sa.create_engine(sqlalchemy_url(database_url))
    yield WorkerProcess(load_settings({}), engine, 4, ["default"], HeldRuns(4))
    engine.dispose()


@pytest.fixture
def broker() -> StubBroker:
    broker = StubBroker(middleware=[])

    @dramatiq.actor(broker=broker)
    def work(a: int = 0, b: int = 0) -> None:
        pass

    return broker


class Line:
    """A consumer on a local queue."""

    def __init__(self, broker: StubBroker, process: WorkerProcess) -> None:
        self.queue: queue.Queue[bytes] = queue.Queue()
        claim = partial(claim_messages, broker, process)
        self.consumer = ClaimingConsumer(LocalDeliveries(self.queue), process, claim, 50)

    def put(self, *bodies: bytes) -> None:
        for body in bodies:
            self.queue.put(body)

    def claims(self) -> list[ClaimedMessage]:
        won = []
        while (message := next(self.consumer)) is not None:
            won.append(message)
        return won  # type: ignore[return-value]


@pytest.fixture
def line(broker: StubBroker, process: WorkerProcess) -> Line:
    return Line(broker, process)


def body(actor: str = "work", args: Any = (), kwargs: Any = None, **options: Any) -> bytes:
    return Message("default", actor, args, kwargs or {}, options).encode()


def published(process: WorkerProcess, **columns: Any) -> bytes:
    with process.engine.begin() as connection:
        run = add_run(connection, **columns)
    return body(run_id=str(run), attempt=0)


def test_what_was_published_is_claimed_with_the_arguments_of_its_row(process: WorkerProcess, line: Line) -> None:
    line.put(published(process, args={"a": 1}), published(process))
    first, second = line.claims()
    assert {str(first.kwargs), str(second.kwargs)} == {"{'a': 1}", "{}"}
    assert str(first) == f"work run {first.claim.id}"
    assert len(process.held.all()) == 2


def test_a_plain_message_gets_a_row_with_its_arguments_by_name(process: WorkerProcess, line: Line) -> None:
    message = body(args=(3,), kwargs={"b": 4}, max_retries=7)
    line.put(message, message)
    [claimed] = line.claims()
    assert claimed.kwargs == {"a": 3, "b": 4}
    with process.engine.begin() as connection:
        row = read_run(connection, claimed.claim.id)
    assert (row.trigger, row.args, row.max_retries, row.state) == ("message", {"a": 3, "b": 4}, 7, "running")


def test_a_delayed_message_waits_in_its_row(process: WorkerProcess, line: Line) -> None:
    line.put(body(eta=4102444800000))
    assert line.claims() == []
    with process.engine.begin() as connection:
        assert connection.exec_driver_sql("SELECT state, due_at > now() FROM runs").one() == ("planned", True)


BAD = {
    "nul": body(args=("\x00",)),
    "negative retries": body(max_retries=-1),
    "huge retries": body(max_retries=10**12),
    "huge attempt": body(run_id=str(uuid4()), attempt=2**40),
    "no attempt": body(run_id=str(uuid4())),
    "integer id": body(run_id=7, attempt=0),
    "endless limit": body(time_limit=math.inf),
    "huge eta": body(eta=10**30),
    "not a number": body(args=(math.nan,)),
    "surrogate": json.dumps(json.loads(body()) | {"args": ["\ud800"]}).encode(),
    "no actor": json.dumps(json.loads(body()) | {"actor_name": None}).encode(),
    "not a message": b"[1, 2]",
    "not json": b"\xff\xff",
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_a_message_that_cannot_be_claimed_stops_no_other(process: WorkerProcess, line: Line, bad: bytes) -> None:
    line.put(published(process), bad, published(process))
    assert len([message for message in line.claims() if message.claim.trigger == "manual"]) == 2


def test_a_run_of_an_actor_that_this_worker_does_not_know_goes_back(process: WorkerProcess, line: Line) -> None:
    line.put(published(process, actor="elsewhere"))
    assert line.claims() == []
    end = process.ends.get_nowait()
    assert (end.outcome, end.state, end.counts) == (Outcome.INTERRUPTED, State.RETRYING, False)
    assert process.held.all() == []


def test_no_more_is_claimed_than_threads_can_start_and_the_rest_stays_in_the_queue(
    process: WorkerProcess, line: Line
) -> None:
    line.put(*[published(process) for _ in range(7)])
    assert len(line.claims()) == 4
    assert line.queue.qsize() == 3
    process.held.end(key_of(process.held.all()[0].claim))
    assert len(line.claims()) == 1


def test_a_second_try_at_a_claim_finds_what_the_first_won_and_wins_nothing_twice(
    process: WorkerProcess, broker: StubBroker
) -> None:
    bodies = [published(process), published(process)]
    with process.engine.begin() as connection:  # the commit of this try is never heard of
        lost = Message.decode(bodies[0]).options["run_id"]
        assert len(claim_runs(connection, [UUID(lost)], 0, process.id, 30)) == 1
    won = claim_messages(broker, process, bodies, True)
    assert len(won) == len({message.message_id for message in won}) == 2
    assert claim_messages(broker, process, bodies, True) == []


def kept(process: WorkerProcess) -> Keeper:
    keeper = Keeper(process, lambda connection: announce(connection, "work"))
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


def test_what_runs_is_interrupted_when_its_lease_runs_out_though_the_database_only_hangs(
    process: WorkerProcess, line: Line, new_run: Callable[..., CurrentRun]
) -> None:
    """No error comes from a database that hangs, and the keeper hangs with it."""
    process.held = HeldRuns(4, lease_seconds=0.3)
    line.put(published(process))
    [message] = line.claims()
    process.held.start(message.claim)
    watchdog = Watchdog(process)
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
    consumer = ClaimingConsumer(DeadDeliveries(line.queue), process, claim, 50)
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
