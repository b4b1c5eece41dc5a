"""Hooks: all are called that do something, as Dramatiq calls them."""

from collections.abc import Callable
from typing import Any

import pytest
from dramatiq import Broker, Middleware
from dramatiq.brokers.stub import StubBroker
from dramatiq.middleware import AsyncIO, SkipMessage

from actors.worker.claiming.hooks import OwnHooks


class OurBroker(OwnHooks, StubBroker):
    pass


class Noting(Middleware):
    def __init__(self, name: str, notes: list[str], error: Exception | None = None) -> None:
        self._name, self._notes, self._error = name, notes, error

    def before_ack(self, *_: Any) -> None:
        self._notes.append(f"before {self._name}")
        if self._error is not None:
            raise self._error

    def after_ack(self, *_: Any) -> None:
        self._notes.append(f"after {self._name}")
        if self._error is not None:
            raise self._error


class Inheriting(Noting):
    """Its hooks are another's."""


class Idle(Middleware):
    """It counts how often it was looked at."""

    looked = 0

    def __getattribute__(self, name: str) -> Any:
        if name == "before_ack":
            type(self).looked += 1
        return super().__getattribute__(name)


class Foreign:
    """No `Middleware`, and takes whatever it is told."""

    actor_options: frozenset[str] = frozenset()

    def __init__(self, notes: list[str]) -> None:
        self._notes = notes

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_: self._notes.append(name)


@pytest.mark.parametrize("broker", [StubBroker, OurBroker])
def test_hooks_are_called_as_dramatiq_calls_them(broker: type[StubBroker]) -> None:
    notes: list[str] = []
    failing = Noting("failing", notes, ValueError())
    emitting = broker(middleware=[Noting("a", notes), Idle(), failing, Inheriting("b", notes)])
    emitting.middleware.append(Foreign(notes))  # type: ignore[arg-type]
    emitting.emit_before("ack", None)
    assert notes == ["before a", "before failing", "before b", "before_ack"]
    notes.clear()
    emitting.emit_after("ack", None)
    assert notes == ["after_ack", "after b", "after failing", "after a"]


@pytest.mark.parametrize("broker", [StubBroker, OurBroker])
def test_what_is_meant_to_get_through_does(broker: type[StubBroker]) -> None:
    notes: list[str] = []
    emitting = broker(middleware=[Noting("a", notes, SkipMessage()), Noting("b", notes)])
    with pytest.raises(SkipMessage):
        emitting.emit_before("ack", None)
    assert notes == ["before a"]


@pytest.mark.parametrize("broker", [StubBroker, OurBroker])
def test_middleware_that_comes_and_goes_later_is_called_from_then_on(broker: type[StubBroker]) -> None:
    notes: list[str] = []
    emitting: Broker = broker(middleware=[])
    emitting.emit_before("ack", None)
    emitting.add_middleware(Noting("added", notes))
    emitting.emit_before("ack", None)
    emitting.middleware[0] = Noting("another", notes)
    emitting.emit_before("ack", None)
    emitting.middleware.clear()
    emitting.emit_before("ack", None)
    assert notes == ["before added", "before another"]


def test_a_hook_of_one_object_alone_is_called() -> None:
    notes: list[str] = []
    patched = Idle()
    patched.before_ack = lambda *_: notes.append("patched")  # type: ignore[method-assign]
    OurBroker(middleware=[patched]).emit_before("ack", None)
    assert notes == ["patched"]


def test_what_does_nothing_is_looked_at_once() -> None:
    emitting = OurBroker(middleware=[Idle()])
    Idle.looked = 0
    for _ in range(10):
        emitting.emit_before("ack", None)
    assert Idle.looked == 1


def test_there_is_one_event_loop_and_it_is_where_ours_was() -> None:
    class Loop(AsyncIO):
        """Of somebody's own."""

    idle = Idle()
    emitting = OurBroker(middleware=[AsyncIO(), idle])
    [ours, _] = emitting.middleware
    emitting.add_middleware(AsyncIO(), after=Idle)
    assert emitting.middleware == [ours, idle]
    theirs = Loop()
    emitting.add_middleware(theirs)
    assert emitting.middleware == [theirs, idle]
