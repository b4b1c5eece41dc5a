"""The straight path through Dramatiq's threads: as Dramatiq would have it, for whoever has a hook."""

import logging
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import replace
from queue import PriorityQueue
from typing import Any
from uuid import uuid4

import dramatiq
import dramatiq.worker
import pytest
import structlog
from dramatiq import Message, Middleware
from dramatiq.broker import MessageProxy
from dramatiq.brokers.stub import StubBroker
from dramatiq.middleware import CurrentMessage, Shutdown, SkipMessage

from actors.worker.claiming import threads
from actors.worker.claiming.brokers import LocalBroker
from actors.worker.claiming.claimed_message import ClaimedMessage
from tests.actors.worker.test_outcome import CLAIM

Threads = type[dramatiq.worker.WorkerThread]
BOTH = pytest.mark.parametrize("kind", [dramatiq.worker.WorkerThread, threads.WorkerThread], ids=["dramatiq", "ours"])


class Noting(Middleware):
    """Notes each hook that is called, and raises in one of them."""

    def __init__(self, notes: list[str], raises: dict[str, BaseException] | None = None) -> None:
        self._notes, self._raises = notes, raises or {}

    def __getattribute__(self, name: str) -> Any:
        if not name.startswith(("before_", "after_")):
            return super().__getattribute__(name)

        def note(_broker: object, message: Any, **rest: Any) -> None:
            said = {key: type(value).__name__ for key, value in rest.items() if value is not None}
            self._notes.append(f"{name} {message.message_id if isinstance(message, MessageProxy) else ''} {said or ''}")
            if name in self._raises:
                raise self._raises[name]

        return note


class ConsumerOf:
    """What a thread tells the consumer of a message's queue."""

    def __init__(self, broker: LocalBroker, notes: list[str]) -> None:
        self._broker, self._notes = broker, notes

    def post_process_message(self, message: MessageProxy) -> None:
        self._broker.emit_before("nack" if message.failed else "ack", message)
        self._notes.append("posted")


def processed(kind: Threads, broker: LocalBroker, notes: list[str], message: MessageProxy) -> MessageProxy:
    items = PriorityQueue[Any]()
    items.put(message)
    consumers: Any = {"default": ConsumerOf(broker, notes)}
    kind(broker=broker, consumers=consumers, work_queue=items, worker_timeout=1).process_message(message)
    assert items.unfinished_tasks == 0
    return message


def claimed(actor: str = "work", **kwargs: Any) -> ClaimedMessage:
    return ClaimedMessage(replace(CLAIM, id=uuid4(), actor=actor), "default", (), kwargs, {"custom": 1})


CASES: dict[str, tuple[dict[str, BaseException], dict[str, Any]]] = {
    "returns": ({}, {"result": 5}),
    "returns nothing": ({}, {}),
    "raises": ({}, {"error": ValueError()}),
    "is interrupted": ({}, {"error": Shutdown()}),
    "exits": ({}, {"error": SystemExit()}),
    "is skipped": ({"before_process_message": SkipMessage()}, {}),
    "skips itself": ({}, {"error": SkipMessage()}),
    "a hook fails": ({"before_process_message": ValueError()}, {}),
    "a hook after it fails": ({"after_process_message": ValueError()}, {}),
}


def notes_of(kind: Threads, raises: dict[str, BaseException], kwargs: dict[str, Any], *, fails: bool) -> list[str]:
    notes: list[str] = []
    broker = LocalBroker([Noting(notes, raises)])

    @dramatiq.actor(broker=broker)
    def work(result: Any = None, error: BaseException | None = None) -> Any:
        notes.append("work")
        if error is not None:
            raise error
        return result

    notes.clear()
    message = claimed(**kwargs)
    if fails:
        message.fail()
    processed(kind, broker, notes, message)
    assert message._exception is None
    return [note.replace(message.message_id, "id") for note in notes]


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize(("raises", "kwargs"), CASES.values(), ids=CASES)
def test_hooks_are_called_as_dramatiq_calls_them(
    raises: dict[str, BaseException], kwargs: dict[str, Any], fails: bool
) -> None:
    theirs = notes_of(dramatiq.worker.WorkerThread, raises, kwargs, fails=fails)
    assert notes_of(threads.WorkerThread, raises, kwargs, fails=fails) == theirs
    assert any(note.startswith("before_process_message") for note in theirs)


@BOTH
def test_the_current_message_is_known_and_is_a_whole_message(kind: Threads) -> None:
    broker, seen = LocalBroker([CurrentMessage()]), []

    @dramatiq.actor(broker=broker)
    def work(a: int) -> None:
        message = CurrentMessage.get_current_message()
        assert message is not None
        seen.append(Message.decode(message.encode()))

    message = claimed(a=1)
    processed(kind, broker, [], message)
    [got] = seen
    assert (got.message_id, got.actor_name, got.queue_name) == (str(message.claim.id), "work", "default")
    assert (got.kwargs, got.options) == ({"a": 1}, {"custom": 1})
    assert got.message_timestamp > 0


def test_where_nobody_hears_of_it_nothing_is_acknowledged() -> None:
    notes: list[str] = []
    broker = LocalBroker([])
    dramatiq.actor(broker=broker, actor_name="work")(lambda: None)
    processed(threads.WorkerThread, broker, notes, claimed())
    assert notes == []


def test_what_an_actor_sets_in_context_variables_ends_with_its_run() -> None:
    own: ContextVar[int] = ContextVar("own", default=0)
    broker, seen = LocalBroker([]), []

    @dramatiq.actor(broker=broker)
    def work() -> None:
        seen.append((own.get(), structlog.contextvars.get_contextvars()))
        own.set(1)
        structlog.contextvars.bind_contextvars(customer="a")

    for _ in range(2):
        processed(threads.WorkerThread, broker, [], claimed())
    assert seen == [(0, {}), (0, {})]


def test_an_actor_of_another_class_is_called_by_what_that_says() -> None:
    broker, called = LocalBroker([]), []

    class Louder(dramatiq.Actor[Any, Any]):
        def __call__(self, *args: Any, **kwargs: Any) -> Any:
            called.append(self.actor_name)
            return super().__call__(*args, **kwargs)

    dramatiq.actor(broker=broker, actor_name="work", actor_class=Louder)(lambda: None)
    processed(threads.WorkerThread, broker, [], claimed())
    assert called == ["work"]


@pytest.fixture
def consumer() -> Callable[[], threads.ConsumerThread]:
    broker = LocalBroker([])
    dramatiq.actor(broker=broker, actor_name="work")(lambda: None)
    dramatiq.actor(broker=broker, actor_name="urgent", priority=-1)(lambda: None)

    def make() -> threads.ConsumerThread:
        return threads.ConsumerThread(
            broker=broker, queue_name="default", prefetch=1, work_queue=PriorityQueue(), worker_timeout=1
        )

    return make


def test_claimed_messages_wait_by_priority_then_first_in_first_out(
    consumer: Callable[[], threads.ConsumerThread],
) -> None:
    thread = consumer()
    messages = [claimed(), claimed(), claimed("urgent"), claimed(), claimed("urgent")]
    for message in messages:
        thread.handle_message(message)
    thread.handle_delayed_messages()
    taken = [thread.work_queue.get().message for _ in messages]
    assert taken == [messages[2], messages[4], messages[0], messages[1], messages[3]]


def test_other_messages_go_dramatiqs_way(consumer: Callable[[], threads.ConsumerThread]) -> None:
    thread = consumer()
    plain = MessageProxy(Message("default", "work", (), {}, {}))
    delayed = MessageProxy(Message("default", "work", (), {}, {"eta": 1}))
    for message in (plain, delayed):
        thread.handle_message(message)
    assert thread.work_queue.get().message is plain
    assert thread.delay_queue.qsize() == 1
    thread.handle_delayed_messages()
    assert thread.delay_queue.qsize() == 0


def test_a_worker_makes_the_threads_that_we_replace(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ConsumerThread", "WorkerThread"):
        monkeypatch.setattr(dramatiq.worker, name, getattr(dramatiq.worker, name))
    threads.take_the_straight_path()
    broker = StubBroker(middleware=[])
    worker = dramatiq.Worker(broker, worker_threads=1, worker_timeout=10)
    worker.start()
    broker.declare_queue("default")
    assert [type(thread) for thread in worker.workers] == [threads.WorkerThread]
    assert type(worker.consumers["default"]) is threads.ConsumerThread
    worker.stop()


def test_no_argument_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    broker = LocalBroker([])

    @dramatiq.actor(broker=broker)
    def work(secret: str) -> None:
        raise ValueError

    with caplog.at_level(logging.DEBUG):
        processed(threads.WorkerThread, broker, [], claimed(secret="hidden"))
    assert "hidden" not in caplog.text
