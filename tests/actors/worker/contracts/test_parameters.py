"""Every kind of parameter: how it is announced, and how it is handed over."""

from datetime import date
from typing import Any, NotRequired, Required, TypedDict, Unpack

import pytest

from actors import testing
from tests.actors.worker.contracts.declaring import Function, announced, declare, names


def positional(day: date, size: int = 10, /, *, note: str = "") -> list[Any]:
    return ["session", day, size, note]


def after_a_default(size: int = 10, day: date = date(2026, 1, 1), /) -> list[Any]:
    return ["session", day, size]


def anything(day: date, **options: int) -> list[Any]:
    return ["session", day, options]


def several(day: date, *more: date, note: str) -> list[Any]:
    return ["session", day, more, note]


class Keys(TypedDict, total=False):
    day: Required[date]
    size: NotRequired[int]


def unpacked(**options: Unpack[Keys]) -> list[Any]:
    return ["session", options["day"], options.get("size")]


@pytest.mark.parametrize(
    ("function", "schema", "args", "result"),
    [
        (positional, ({"day", "size", "note"}, {"day"}), {"day": "2026-03-01", "note": "x"}, ["2026-03-01", 10, "x"]),
        (positional, ({"day", "size", "note"}, {"day"}), {"size": 1, "day": "2026-03-01"}, ["2026-03-01", 1, ""]),
        (after_a_default, ({"day", "size"}, set()), {"day": "2026-03-01"}, ["2026-03-01", 10]),
        (unpacked, ({"day", "size"}, {"day"}), {"day": "2026-03-01"}, ["2026-03-01", None]),
        (anything, ({"day"}, {"day"}), {"day": "2026-03-01", "x": 1}, ["2026-03-01", {"x": 1}]),
        (several, ({"day", "*", "note"}, {"note"}), {"day": "2026-03-01", "note": "x"}, ["2026-03-01", [], "x"]),
    ],
)
def test_every_kind_of_parameter_has_its_place(
    function: Function,
    schema: tuple[set[str], set[str]],
    args: dict[str, Any],
    result: list[Any],
) -> None:
    found = announced(function)
    assert names(found) == schema
    assert found["additionalProperties"] == ({"type": "integer"} if function is anything else False)
    ended = testing.call(declare(function), **args)
    assert ended.result == ["session", *result], ended.error


def test_positional_arguments_are_converted_too() -> None:
    ended = testing.call(declare(several), "2026-03-01", "2026-03-02", note="x")
    assert ended.result == ["session", "2026-03-01", ["2026-03-02"], "x"]
    assert not isinstance(testing.call(declare(several), "no day", note="x").error, TypeError)


def test_a_positional_argument_that_is_missing_is_named() -> None:
    ended = testing.call(declare(positional), size=1)
    assert "the argument day is missing" in str(ended.error)
