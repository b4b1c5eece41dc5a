"""Bundles as a worker process takes them: what there is room for, each run once, and the rest is kept from nobody."""

import time
from collections.abc import Sequence
from functools import partial
from uuid import UUID

import pika
import pytest
from dramatiq.brokers.stub import StubBroker
from pydantic import SecretStr

from actors.worker.claiming.claims import Claimed, claim_messages
from actors.worker.claiming.consumer import ClaimingConsumer
from actors.worker.claiming.deliveries import LocalDeliveries, RabbitDeliveries
from actors.worker.claiming.messages import Letter, read_letter
from actors.worker.keeping.held import HeldRuns, key_of
from actors.worker.keeping.process import WorkerProcess
from config.sections import Amqp
from models.lifecycle.claiming import claim_runs
from scheduling.publish import Outgoing
from scheduling.publishers.rabbitmq import RabbitPublisher
from tests.actors.worker.line import READ, Line, body
from tests.actors.worker.machine import Machine, locked
from tests.models.rows import OTHER_WORKER, add_run
from tests.waiting import eventually

THREADS = 4


def added(process: WorkerProcess, count: int) -> list[UUID]:
    with process.engine.begin() as connection:
        return [add_run(connection) for _ in range(count)]


def bundled(runs: list[UUID]) -> bytes:
    return body(run_id=str(runs[0]), run_ids=[str(run) for run in runs], attempt=0)


def ended(process: WorkerProcess, count: int) -> None:
    for held in process.held.all()[:count]:
        process.held.end(key_of(held.claim))


def test_what_there_is_room_for_is_claimed_and_the_rest_when_there_is_more(process: WorkerProcess, line: Line) -> None:
    runs = added(process, 6)
    line.put(bundled(runs))
    first = [next(line.consumer) for _ in range(THREADS)]
    assert len(process.held.all()) == THREADS
    ended(process, 3)
    second = line.claims()
    assert line.queue.empty()
    assert len(second) == 2
    assert {message.message_id for message in [*first, *second] if message is not None} == set(map(str, runs))


def test_a_rest_goes_back_after_a_moment_and_of_what_is_claimed_nothing_comes_twice(
    process: WorkerProcess, broker: StubBroker, line: Line
) -> None:
    runs = added(process, 6)
    line.put(bundled(runs))
    mine = {message.claim.id for message in line.claims()}
    assert len(mine) == THREADS
    assert line.queue.qsize() == 1, "it waits for whoever has room"
    other = Line(broker, WorkerProcess(process.settings, process.engine, THREADS, ["default"], HeldRuns(THREADS)))
    other.put(line.queue.get())
    assert other.claims() == [], "the first of them are claimed"
    assert {message.claim.id for message in other.claims()} == set(runs) - mine
    assert other.queue.empty()


def test_a_process_with_a_little_room_time_and_again_keeps_no_rest_from_the_others(
    process: WorkerProcess, line: Line
) -> None:
    line.put(bundled(added(process, 8)))
    for _ in range(THREADS):
        next(line.consumer)
    deadline = time.monotonic() + 0.5
    while line.queue.empty() and time.monotonic() < deadline:
        ended(process, 1)
        next(line.consumer)
        time.sleep(0.06)
    assert line.queue.qsize() == 1
    assert len(process.held.all()) >= THREADS - 1


def test_a_locked_run_of_a_bundle_keeps_none_of_the_others(machine: Machine, broker: StubBroker) -> None:
    process = machine.worker()
    runs = added(process, 3)
    letter = read_letter(bundled(runs), "default")
    with locked(machine, "runs", runs[1]):
        claimed = claim_messages(broker, process, "default", [letter])
        assert {message.message_id for message in claimed.messages} == {str(runs[0]), str(runs[2])}
        assert [each.runs for each in claimed.locked] == [(runs[1],)]
    assert len(claim_messages(broker, process, "default", claimed.locked).messages) == 1


def test_rabbitmq_has_a_bundle_until_its_last_run_is_claimed(
    process: WorkerProcess, broker: StubBroker, amqp_url: str
) -> None:
    publisher = RabbitPublisher(Amqp(url=SecretStr(amqp_url)))
    publisher.start()
    eventually(publisher.is_ready)
    runs = added(process, 6)
    sent = [
        Outgoing(tuple(runs), "default", bundled(runs)),
        Outgoing((run := added(process, 1)[0],), "default", bundled([run])),
    ]
    assert publisher.publish(sent) == {*runs, run}

    def consumer(of: WorkerProcess) -> ClaimingConsumer:
        deliveries = RabbitDeliveries([pika.URLParameters(amqp_url)], "default", READ, lambda: 10, 100)
        return ClaimingConsumer(deliveries, of, partial(claim_messages, broker, of, "default"), 100)

    dying = consumer(process)
    mine: list[object] = []
    eventually(lambda: mine.append(next(dying)) or len(process.held.all()) == THREADS)
    dying.close()  # as if it were killed: nothing is acknowledged
    other = WorkerProcess(process.settings, process.engine, 8, ["default"], HeldRuns(8))
    living = consumer(other)
    eventually(lambda: next(living) is None or len(other.held.all()) == 3)
    assert {key[0] for key in [*process.held.known(), *other.held.known()]} == {*runs, run}
    living.close()
    assert publisher.count_messages("default") == 0
    publisher.close()


@pytest.mark.parametrize("run_ids", [["x"], 7, "7", [7], [None], {"a": 1}])
def test_what_names_no_runs_is_no_message(process: WorkerProcess, line: Line, run_ids: object) -> None:
    [run] = added(process, 1)
    bad = body(run_id=str(run), run_ids=run_ids, attempt=0)
    line.put(bad)
    assert line.claims() == []
    assert line.refused == [bad]


def test_what_comes_back_is_not_given_back_again_for_runs_that_are_claimed(
    process: WorkerProcess, broker: StubBroker
) -> None:
    """Claims are slow, and there is room for one: of a bundle nothing is to be had until its sixth run."""
    runs = added(process, 8)
    with process.engine.begin() as connection:
        assert len(claim_runs(connection, runs[:5], 0, OTHER_WORKER, 30)) == 5
    alone = WorkerProcess(process.settings, process.engine, 1, ["default"], HeldRuns(1))
    line = Line(broker, alone)

    def claim_slowly(letters: Sequence[Letter], again: bool) -> Claimed:
        time.sleep(0.04)
        return claim_messages(broker, alone, "default", letters, again)

    consumer = ClaimingConsumer(LocalDeliveries(line.queue, [], READ), alone, claim_slowly, 50)
    line.put(bundled(runs))
    got: list[str] = []
    for _ in range(60):
        if (message := next(consumer)) is not None:
            got.append(message.message_id)
            alone.held.end(key_of(message.claim))  # type: ignore[attr-defined]
    assert sorted(got) == sorted(map(str, runs[5:]))


def test_a_locked_run_of_a_bundle_keeps_none_of_the_others_where_there_is_little_room(
    machine: Machine, broker: StubBroker
) -> None:
    runs = added(machine.worker(), 5)
    process = WorkerProcess(machine.settings, machine.engine, 1, ["default"], HeldRuns(1))
    line = Line(broker, process)
    line.put(bundled(sorted(runs)), bundled(behind := added(process, 1)))
    with locked(machine, "runs", min(runs)):
        got: set[str] = set()
        for _ in range(60):
            if (message := next(line.consumer)) is not None:
                got.add(message.message_id)
                process.held.end(key_of(message.claim))  # type: ignore[attr-defined]
            if len(got) == 5:
                break
        assert got == {str(run) for run in [*sorted(runs)[1:], *behind]}
        assert len(line.consumer._locked) == 1
    eventually(lambda: (message := next(line.consumer)) and message.message_id == str(min(runs)))


def test_what_one_statement_of_a_claim_has_won_is_kept_where_the_next_meets_a_lock(
    machine: Machine, broker: StubBroker
) -> None:
    process = machine.worker()
    first, retried = added(process, 2), added(process, 1)
    with process.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE runs SET state = 'retrying', attempt = 1 WHERE id = %(id)s", {"id": retried[0]}
        )
    letters = [read_letter(bundled(first), "default")]
    letters.append(read_letter(body(run_id=str(retried[0]), attempt=1), "default"))
    with locked(machine, "runs", retried[0]):
        claimed = claim_messages(broker, process, "default", letters)
    assert {message.message_id for message in claimed.messages} == set(map(str, first))
    assert [letter.runs for letter in claimed.locked] == [tuple(retried)]
    assert process.doubts
