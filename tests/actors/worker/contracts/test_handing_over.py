"""Arguments of schedules are handed over as what the hints say, those of plain messages as they were sent."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal, NewType, TypedDict
from uuid import UUID

import pydantic
import pytest
from dramatiq import Actor
from pydantic import AfterValidator, BaseModel, Field, SecretStr

from actors import testing
from tests.actors.worker.contracts.declaring import declare
from tests.actors.worker.isolated_actors import Size, day_of_size


class Colour(Enum):
    RED = "red"


@dataclass
class Box:
    width: int
    made: date


class Model(BaseModel):
    colour: Colour
    boxes: list[Box] = []


class Strict(BaseModel, strict=True):
    day: date


class Row(TypedDict):
    day: date


class Later(Row, total=False):
    colour: Colour | None


DAY = date(2026, 3, 1)
BOX = {"width": 3, "made": "2026-03-01"}
Kilometres = NewType("Kilometres", Decimal)

CONVERTED: list[tuple[Any, Any, Any]] = [
    (datetime, "2026-03-01T06:30:00Z", datetime(2026, 3, 1, 6, 30, tzinfo=UTC)),
    (date, "2026-03-01", DAY),
    ("date", "2026-03-01", DAY),
    (timedelta, "PT90S", timedelta(seconds=90)),
    (Decimal, "1.10", Decimal("1.10")),
    (Decimal, 0.1, Decimal("0.1")),
    (UUID, "12345678-1234-5678-1234-567812345678", UUID("12345678-1234-5678-1234-567812345678")),
    (Colour, "red", Colour.RED),
    (Literal[Colour.RED], "red", Colour.RED),
    (Path, "/tmp/x", Path("/tmp/x")),  # noqa: S108 - a path like any other
    (bytes, "text", b"text"),
    (SecretStr, "text", SecretStr("text")),
    (Box, BOX, Box(3, DAY)),
    (Model, {"colour": "red", "boxes": [BOX]}, Model(colour=Colour.RED, boxes=[Box(3, DAY)])),
    (Strict, {"day": "2026-03-01"}, Strict(day=DAY)),
    (Row, {"day": "2026-03-01"}, {"day": DAY}),
    (Later, {"day": "2026-03-01", "colour": "red"}, {"day": DAY, "colour": Colour.RED}),
    (Kilometres, "5", Decimal(5)),
    (date | None, "2026-03-01", DAY),
    (date | None, None, None),
    (list[date], ["2026-03-01"], [DAY]),
    (Iterable[date], ["2026-03-01"], [DAY]),
    (dict[str, list[date | None]], {"a": ["2026-03-01", None]}, {"a": [DAY, None]}),
    (dict[int, str], {"1": "x"}, {1: "x"}),
    (tuple[int, date], [1, "2026-03-01"], (1, DAY)),
    (set[int], [1, 1], {1}),
    (Annotated[date, Field(description="which")], "2026-03-01", DAY),
    (Annotated[str, AfterValidator(str.upper)], "text", "TEXT"),
]

AS_IT_IS: list[tuple[Any, Any]] = [
    (str, "2026-03-01"),
    (int, 5),
    (float, 5),
    (bool, True),
    (Any, "2026-03-01"),
    (object, "2026-03-01"),
    (list[str], ["2026-03-01"]),
    (dict[str, Any], {"day": "2026-03-01"}),
    (Literal["red", 1, None], "red"),
    (str | None, None),
    (Sequence[str], ["a"]),
    (Annotated[str, Field(pattern="^a")], "abc"),
    (TypedDict("Plain", {"size": int}), {"size": 1, "more": 2}),
    (Callable[[], int], "no callable"),
    (type("Odd", (), {}), "of a class that nothing makes"),
    ("no such type", "2026-03-01"),
]


def taking(hint: Any, default: Any = ...) -> tuple[Actor[Any, Any], list[Any]]:
    """An actor with a parameter of this hint, and what it is handed."""
    seen: list[Any] = []

    def work(value: Any) -> None:
        seen.append(value)

    work.__annotations__["value"] = hint
    work.__defaults__ = None if default is ... else (default,)
    return declare(work), seen


@pytest.mark.parametrize(("hint", "given", "handed"), CONVERTED)
def test_arguments_become_what_the_hints_say(hint: Any, given: Any, handed: Any) -> None:
    actor, seen = taking(hint)
    ended = testing.call(actor, value=given)
    assert ended.error is None
    assert seen == [handed]
    assert type(seen[0]) is type(handed)


@pytest.mark.parametrize(("hint", "given", "handed"), CONVERTED)
def test_those_of_a_plain_message_are_handed_on_as_they_were_sent(hint: Any, given: Any, handed: Any) -> None:
    actor, seen = taking(hint)
    assert testing.new_run(trigger="message").call(actor, value=given).error is None
    assert seen == [given]


@pytest.mark.parametrize(("hint", "given"), AS_IT_IS)
def test_what_json_has_is_handed_on_without_a_look(hint: Any, given: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    actor, seen = taking(hint)
    if hint not in [Callable[[], int], AS_IT_IS[-2][0]]:
        monkeypatch.setattr(pydantic.TypeAdapter, "__init__", None)  # nothing is made, so nothing is in the way
    assert testing.call(actor, value=given).error is None
    assert seen == [given]


def test_what_is_needed_to_convert_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    original = pydantic.TypeAdapter.__init__
    monkeypatch.setattr(
        pydantic.TypeAdapter, "__init__", lambda self, *args, **kw: (made.append(args), original(self, *args, **kw))[1]
    )
    actor, seen = taking(date)
    for _ in range(3):
        assert testing.call(actor, value="2026-03-01").error is None
    assert seen == [DAY] * 3
    assert len(made) == 1


@pytest.mark.parametrize("given", ["no-day-at-all", {"a": 1}])
def test_what_does_not_fit_fails_the_attempt_before_the_actor_is_called(given: Any) -> None:
    actor, seen = taking(dict[str, date] | date)
    ended = testing.call(actor, value=given)
    assert (ended.outcome, type(ended.error).__name__, seen) == ("failed", "ArgumentsUnfit", [])
    assert "do not fit the actor's hints: value" in str(ended.error)
    assert "no-day-at-all" not in str(ended.error)


def test_all_that_does_not_fit_is_named_with_its_place() -> None:
    def work(day: date, box: Box) -> None:
        pass

    said = str(testing.call(declare(work), day="x", box={"width": "wide"}).error)
    assert "day: " in said
    assert "box.width: " in said
    assert "box.made: required" in said


def test_references_are_filled_in_before() -> None:
    def work(at: datetime, day: date, before: datetime | None, after: Any = None) -> list[object]:
        return [type(at).__name__, day.isoformat(), before, after]

    run = testing.new_run(slot_at=datetime(2026, 3, 1, 23, 30, tzinfo=UTC), timezone="Europe/Berlin")
    fields = {"before": "${run:previous_slot_at}", "after": "${run:next_slot_at}"}
    ended = run.call(declare(work), at="${run:slot_at}", day="${run:slot_date}", **fields)
    assert ended.result == ["datetime", "2026-03-02", None, None], ended.error


def test_what_converts_is_interrupted_like_the_actor() -> None:
    def slow(value: str) -> str:
        for _ in range(1000):
            time.sleep(0.01)
        return value

    actor, seen = taking(Annotated[str, AfterValidator(slow)])
    ended = testing.new_run(time_limit_seconds=0.1).call(actor, value="x")
    assert (ended.outcome, seen) == ("timed_out", [])


def test_a_test_that_calls_the_actor_plainly_hands_over_what_it_likes() -> None:
    actor, seen = taking(date)
    actor("2026-03-01")
    assert seen == ["2026-03-01"]


def test_an_isolated_actor_converts_in_its_own_process() -> None:
    ended = testing.call(day_of_size, day="2026-03-01", size="small")
    assert ended.result == ["date", Size.SMALL.name], ended.error
    ended = testing.call(day_of_size, day="none", size="small")
    assert type(ended.error).__name__ == "ArgumentsUnfit"
