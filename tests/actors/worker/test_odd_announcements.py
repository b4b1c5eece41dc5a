"""Actors with hints, defaults and words that nothing can be made of are announced as far as can be; so are others."""

import json
import math
from collections.abc import Callable
from typing import Annotated, Any

import dramatiq
import pytest
import sqlalchemy as sa
from dramatiq.brokers.stub import StubBroker
from pydantic import Field

from actors.worker.keeping.announcement import Announcer
from actors.worker.keeping.process import WorkerProcess
from actors.worker.middleware.options import Options


def words(rows: "how many rows to write") -> None:  # type: ignore[valid-type]  # noqa: F722
    pass


def misspelt(rows: "itn") -> None:  # type: ignore[name-defined]  # noqa: F821
    pass


def bad_pattern(text: Annotated[str, Field(pattern="(")]) -> None:
    pass


def infinite(limit: float = math.inf) -> None:
    pass


def odd_texts(a: str = "x\0y", b: str = "lone \ud800") -> None:
    """Doc with \0 and \ud800."""


def an_object(thing: Any = object) -> None:
    pass


@pytest.fixture
def announced(process: WorkerProcess) -> Callable[..., dict[str, sa.Row[Any]]]:
    def announce(*functions: Callable[..., None], **names: Callable[..., None]) -> dict[str, sa.Row[Any]]:
        broker = StubBroker(middleware=[Options()])
        for name, function in ({each.__name__: each for each in functions} | names).items():
            dramatiq.actor(function, actor_name=name, broker=broker)
        with process.engine.begin() as connection:
            Announcer(broker, process).announce(connection)
        with process.engine.begin() as connection:
            return {row.name: row for row in connection.exec_driver_sql("SELECT * FROM actors")}

    return announce


@pytest.mark.parametrize(
    "odd", [words, misspelt, bad_pattern, infinite, odd_texts, an_object], ids=lambda f: f.__name__
)
def test_an_odd_actor_is_announced_beside_the_others(
    announced: Callable[..., dict[str, sa.Row[Any]]], odd: Callable[..., None]
) -> None:
    def fine(text: str) -> None:
        """Fine."""

    rows = announced(odd, fine)
    assert set(rows) == {odd.__name__, "fine"}
    assert rows["fine"].parameters["required"] == ["text"]
    json.dumps(rows[odd.__name__].parameters, allow_nan=False)
    if odd in (words, misspelt, bad_pattern):
        assert rows[odd.__name__].parameters["type"] == "object"


def test_an_actor_that_cannot_be_announced_costs_no_other(announced: Callable[..., dict[str, sa.Row[Any]]]) -> None:
    def fine() -> None:
        pass

    assert set(announced(**{"a\0b": fine, "fine": fine})) == {"fine"}
