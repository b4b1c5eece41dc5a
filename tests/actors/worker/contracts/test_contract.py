"""The announced contract is what a caller may give the callable, whatever it is wrapped in."""

import functools
from datetime import date
from typing import Annotated, Any

import dramatiq
import pytest
from pydantic import Field, validate_call

from actors import testing
from actors.worker.keeping.announcement import describe_actor
from tests.actors.worker.contracts.declaring import (
    Function,
    Loader,
    announced,
    declare,
    injecting,
    load,
    logged,
    names,
    with_session,
)

Schema = dict[str, Any]
SESSION = object()


class Jobs:
    def __call__(self, day: date, size: int = 10) -> list[Any]:
        """Load by a call."""
        return ["session", day, size]

    def load(self, day: date, size: int = 10) -> list[Any]:
        return ["session", day, size]

    @logged
    def load_logged(self, day: date, size: int = 10) -> list[Any]:
        return ["session", day, size]


class Task(dramatiq.GenericActor):
    """Of Dramatiq's own kind."""

    class Meta:
        abstract = True

    def perform(self, day: date, size: int = 10) -> list[Any]:
        return ["session", day, size]


LOADERS: dict[str, Function] = {
    "a __signature__": injecting(load),
    "a __signature__ within": logged(injecting(load)),
    "a wrapper of another signature": with_session(load),
    "one within": logged(with_session(load)),
    "partial": functools.partial(load, "session"),
    "partial of a wrapped one": functools.partial(logged(load), "session"),
    "callable object": Jobs(),
    "object as decorator": Loader(with_session(load)),
    "method": Jobs().load,
    "wrapped method": Jobs().load_logged,
    "cached": functools.cache(with_session(load)),
    "validated": validate_call(Jobs().load),
    "generic actor": object.__new__(type("Generic", (Task,), {"Meta": type("Meta", (), {"abstract": True})})),
}


@pytest.mark.parametrize("loader", LOADERS.values(), ids=LOADERS)
def test_what_may_be_given_is_announced_and_handed_over(loader: Function) -> None:
    schema = announced(loader)
    assert names(schema) == ({"day", "size"}, {"day"})
    assert schema["properties"]["day"]["format"] == "date"
    assert schema["additionalProperties"] is False
    ended = testing.call(declare(loader), day="2026-03-01", size=3)
    assert ended.result == ["session", "2026-03-01", 3], ended.error


def test_an_actor_that_takes_any_name_says_so() -> None:
    def takes_any(**options: Any) -> None:
        pass

    assert announced(takes_any)["additionalProperties"] is True


def test_arguments_have_the_names_that_the_callable_has_for_them() -> None:
    def aliased(size: Annotated[int, Field(alias="width", ge=1)] = 1) -> None:
        pass

    assert announced(aliased)["properties"]["size"]["minimum"] == 1


def test_a_default_that_is_not_json_leaves_its_parameter_optional() -> None:
    def defaulted(day: date, size: Any = SESSION, when: date = date(2026, 1, 1)) -> None:
        pass

    schema = announced(defaulted)
    assert names(schema) == ({"day", "size", "when"}, {"day"})
    assert "default" not in schema["properties"]["size"]
    assert schema["properties"]["when"]["default"] == "2026-01-01"


def test_the_doc_is_that_of_what_runs() -> None:
    docs = [describe_actor(declare(each)).doc for each in (functools.partial(load, 1), logged(load), Loader(load))]
    assert docs == ["Load a day."] * 3
    assert describe_actor(declare(Jobs())).doc == "Load by a call."
