"""What a call has not done yet: coroutines are run to their end, generators are nobody's."""

import functools
from collections.abc import Generator
from datetime import date
from typing import Any

import pytest
from structlog.testing import capture_logs

from actors import testing
from actors.worker.keeping.announcement import describe_actor
from tests.actors.worker.contracts.declaring import (
    Function,
    Loader,
    declare,
    logged,
)


def yields(day: date) -> Generator[int]:
    yield 1


async def yields_in_time(day: date) -> Any:
    yield 1


class Yields:
    def __call__(self, day: date) -> Generator[int]:
        yield 1


@pytest.mark.parametrize("generator", [yields, yields_in_time, Yields(), functools.partial(yields)])
def test_a_generator_is_warned_of_and_its_runs_fail(generator: Function) -> None:
    with capture_logs() as logs:
        describe_actor(declare(generator))
    assert [line["event"] for line in logs] == ["never-runs"]
    ended = testing.call(declare(generator), day="2026-03-01")
    assert (ended.outcome, type(ended.error).__name__) == ("failed", "NothingRan")


def test_a_generator_behind_a_decorator_that_loops_over_it_is_fine() -> None:
    @functools.wraps(yields)
    def looped(*args: Any, **kwargs: Any) -> list[int]:
        return list(yields(*args, **kwargs))

    with capture_logs() as logs:
        describe_actor(declare(looped))
    assert logs == []
    assert testing.call(declare(looped), day="2026-03-01").result == [1]
    ended = testing.call(declare(logged(yields)), day="2026-03-01")
    assert type(ended.error).__name__ == "NothingRan"


async def in_time(day: date) -> str:
    return f"loaded {day:%d.%m.%Y}"


class InTime:
    async def __call__(self, day: date) -> str:
        return await in_time(day)


@pytest.mark.parametrize("function", [in_time, logged(in_time), InTime(), functools.partial(in_time), Loader(in_time)])
def test_an_asynchronous_function_runs_whatever_it_is_wrapped_in(function: Function) -> None:
    ended = testing.call(declare(function), day="2026-03-01")
    assert ended.result == "loaded 01.03.2026", ended.error
