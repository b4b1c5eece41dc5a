"""Plain messages reach an actor as Dramatiq would hand them over, whatever it is wrapped in."""

import functools
from typing import Any

import pytest
from dramatiq import Message

from actors import testing
from actors.worker.claiming.messages import as_run
from tests.actors.worker.contracts.declaring import (
    Function,
    declare,
    injecting,
    load,
    with_session,
)


def prepending(function: Function) -> Function:
    """Injects what it does not tell of."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return function("session", *args, **kwargs)

    return wrapper


def mixed(day: str, /, size: int = 10) -> list[Any]:
    return ["session", day, size]


async def in_time(day: str, size: int = 10) -> list[Any]:
    return ["session", day, size]


@pytest.mark.parametrize(
    ("function", "kept"),
    [
        (prepending(load), {"*": ["day"]}),
        (injecting(load), {"day": "day"}),
        (with_session(load), {"day": "day"}),
        (mixed, {"*": ["day"]}),
        (in_time, {"day": "day"}),
        (functools.partial(load, "session"), {"day": "day"}),
    ],
)
def test_a_plain_message_reaches_a_decorated_actor_as_dramatiq_has_it(function: Function, kept: dict[str, Any]) -> None:
    actor = declare(function)
    run = as_run(actor.broker, Message("default", "work", ("day",), {}, {}))
    assert run.args == kept
    args, kwargs = kept.get("*", ()), {name: value for name, value in kept.items() if name != "*"}
    ended = testing.new_run(trigger="message").call(actor, *args, **kwargs)
    assert ended.result == ["session", "day", 10], ended.error


def test_a_plain_message_that_gives_an_argument_twice_fails_as_with_dramatiq() -> None:
    run = as_run(declare(with_session(load)).broker, Message("default", "work", ("day",), {"day": "again"}, {}))
    assert run.args == {"*": ["day"], "day": "again"}
