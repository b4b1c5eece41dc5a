"""A worker process's own parts together, on a real database: consumer and claims."""

import queue
from collections.abc import Sequence

import sqlalchemy as sa
from dramatiq import Message
from dramatiq.broker import MessageProxy
from dramatiq.brokers.stub import StubBroker
from dramatiq.errors import ConnectionClosed

from actors.worker.claiming.claims import Claimed, claim_messages
from actors.worker.claiming.consumer import ClaimingConsumer
from actors.worker.claiming.deliveries import LocalDeliveries
from actors.worker.claiming.messages import Letter, read_letter
from actors.worker.keeping.held import key_of
from actors.worker.keeping.process import WorkerProcess
from models.lifecycle.claiming import claim_runs
from models.words.states import Outcome, State
from tests.actors.worker.line import READ, Line, body, published
from tests.models.rows import read_run


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
    letters = [read_letter(published(process), "default") for _ in range(2)]
    with process.engine.begin() as connection:  # the commit of this try is never heard of
        assert len(claim_runs(connection, letters[0].runs, 0, process.id, 30)) == 1
    won = claim_messages(broker, process, "default", letters, True).messages
    assert len(won) == len({message.message_id for message in won}) == 2
    assert claim_messages(broker, process, "default", letters, True).messages == []


class ClosedDeliveries(LocalDeliveries):
    """Their connection is lost as soon as somebody waits."""

    def idle(self, seconds: float) -> None:
        raise ConnectionClosed(RuntimeError("gone"))


def test_what_was_won_before_the_connection_was_lost_runs(process: WorkerProcess) -> None:
    """A batch is refused, its first message is claimed by itself, and at the second the database goes away."""
    won = MessageProxy(Message("default", "work", (), {}, {}))

    def claim(letters: Sequence[Letter], again: bool) -> Claimed:
        if len(letters) > 1:
            raise sa.exc.DataError("refused", None, Exception())
        if letters[0].body == b"first":
            return Claimed([won])
        raise sa.exc.OperationalError("away", None, Exception())

    messages: queue.Queue[bytes] = queue.Queue()
    messages.put(b"first")
    messages.put(b"second")
    consumer = ClaimingConsumer(ClosedDeliveries(messages, [], READ), process, claim, 50)
    assert next(consumer) is won
    assert process.doubts
