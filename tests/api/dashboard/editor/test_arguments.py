"""Arguments in fields: as the schema of their actor has them, and nothing of them is lost."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.dashboard.editor.arguments import ArgumentKind, arguments_of, join_arguments, split_arguments
from tests.api.dashboard.editor.definitions import ARGUMENTS, NAMES, VALUES


@settings(max_examples=60)
@given(st.dictionaries(NAMES, VALUES, max_size=6))
def test_arguments_say_the_same_in_fields_and_beside_them(args: dict[str, Any]) -> None:
    kinds = {each.name: each.kind for each in ARGUMENTS}
    texts, rest = split_arguments(kinds, args)
    joined, faults = join_arguments(kinds, texts, rest, {})
    assert (json.dumps(joined, sort_keys=True), faults) == (json.dumps(args, sort_keys=True), [])


@pytest.mark.parametrize(
    ("name", "kind", "choices"),
    [
        ("message", ArgumentKind.TEXT, ()),
        ("count", ArgumentKind.NUMBER, ()),
        ("is_on", ArgumentKind.CHOICE, ("true", "false", "null")),
        ("level", ArgumentKind.CHOICE, ('"info"', '"warning"', "3")),
        ("headers", ArgumentKind.JSON, ()),
        ("either", ArgumentKind.JSON, ()),
    ],
)
def test_arguments_have_the_fields_that_their_schema_asks_for(
    name: str, kind: ArgumentKind, choices: tuple[str, ...]
) -> None:
    found = {each.name: each for each in ARGUMENTS}[name]
    assert (found.kind, found.choices) == (kind, choices)


@pytest.mark.parametrize(
    "parameters",
    [None, [], {}, {"properties": []}, {"properties": {"a": None}},
     {"properties": {"a": {"$ref": "#/$defs/b"}}, "$defs": 1},
     {"properties": {"a": {"$ref": "#/$defs/a"}}, "$defs": {"a": {"$ref": "#/$defs/a"}}},
     {"properties": {"a": {"enum": [[]]}}, "required": 3}, {"properties": {"a": {"anyOf": [1]}}}],
)  # fmt: skip
def test_a_schema_may_say_anything(parameters: Any) -> None:
    assert [each.kind for each in arguments_of(parameters)] in ([], [ArgumentKind.JSON])


def test_numbers_among_arguments_are_exact() -> None:
    kinds = {"id": ArgumentKind.NUMBER}
    args, faults = join_arguments(kinds, {"id": str(2**80)}, {}, {})
    assert (args, faults) == ({"id": 2**80}, [])
    assert split_arguments(kinds, {"id": 2**80})[0] == {"id": str(2**80)}
    for text in ("twelve", "NaN", "1e999", "0x10", "${secret:PORT}"):
        assert [fault.path for fault in join_arguments(kinds, {"id": text}, {}, {})[1]] == [("args", "id")]


def test_what_stands_twice_is_said_and_what_was_there_before_gives_way() -> None:
    kinds = {"message": ArgumentKind.TEXT}
    _, faults = join_arguments(kinds, {"message": "hello"}, {"message": None}, {})
    assert [fault.path for fault in faults] == [("args", "message")]
    assert join_arguments(kinds, {"message": "hello"}, {"message": None}, {"message": None}) == (
        {"message": "hello"},
        [],
    )
