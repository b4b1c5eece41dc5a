"""Actors as a worker has them, and what they may be wrapped in."""

import functools
import inspect
from collections.abc import Callable
from datetime import date
from typing import Any

import dramatiq
from dramatiq import Actor
from dramatiq.brokers.stub import StubBroker
from dramatiq.middleware import AsyncIO

from actors.worker.keeping.announcement import describe_actor
from actors.worker.middleware.execute import Execute
from actors.worker.middleware.options import Options

Function = Callable[..., Any]


def declare(function: Function) -> Actor[Any, Any]:
    """With what Dramatiq and the engine put around a function."""
    broker = StubBroker(middleware=[Options(), AsyncIO(), Execute()])
    return dramatiq.actor(function, actor_name="work", broker=broker)


def announced(function: Function) -> dict[str, Any]:
    """Its parameters."""
    return describe_actor(declare(function)).parameters


def names(schema: dict[str, Any]) -> tuple[set[str], set[str]]:
    """What may be given, and what must be."""
    return set(schema["properties"]), set(schema.get("required", ()))


def load(session: object, day: date, size: int = 10) -> list[Any]:
    """Load a day."""
    return [session, day, size]


def injecting(function: Function) -> Function:
    """Tells the signature that is left."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return function("session", *args, **kwargs)

    signature = inspect.signature(function)
    [_, *rest] = signature.parameters.values()
    wrapper.__signature__ = signature.replace(parameters=rest)  # type: ignore[attr-defined]
    return wrapper


def with_session(function: Function) -> Function:
    """Has a signature of its own."""

    @functools.wraps(function)
    def wrapper(day: date, size: int = 10) -> Any:
        return function("session", day, size)

    return wrapper


def logged(function: Function) -> Function:
    """Takes anything, and hands it on."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return wrapper


class Loader:
    """Loads."""

    def __init__(self, function: Function) -> None:
        functools.update_wrapper(self, function)
        self._function = function

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._function(*args, **kwargs)
