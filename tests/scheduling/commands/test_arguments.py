"""Arguments against the schema an actor announced."""

from typing import Any

import pytest

from scheduling.commands.arguments import check_arguments

SCHEMA = {
    "type": "object",
    "properties": {
        "url": {"type": "string", "pattern": "^https?://"},
        "level": {"enum": ["info", "error"], "type": "string"},
        "count": {"type": "integer", "minimum": 1},
        "headers": {"anyOf": [{"type": "object", "additionalProperties": {"type": "string"}}, {"type": "null"}]},
    },
    "required": ["url"],
    "additionalProperties": False,
}


def test_arguments_that_fit_have_no_errors() -> None:
    assert check_arguments(SCHEMA, {"url": "http://a", "level": "info", "count": 2, "headers": None}) == []


@pytest.mark.parametrize(
    ("args", "pointer", "message"),
    [
        ({}, "/args/url", "required by the actor"),
        ({"url": "http://a", "uri": "b"}, "/args/uri", "the actor has no such argument"),
        ({"url": 1}, "/args/url", "must be of type string"),
        ({"url": "http://a", "level": "loud"}, "/args/level", "must be one of info or error"),
        ({"url": "http://a", "count": 0}, "/args/count", "does not fit what the actor takes (minimum: 1)"),
        ({"url": "http://a", "headers": 3}, "/args/headers", "must be of type object or null"),
    ],
)
def test_an_error_points_at_the_argument(args: dict[str, Any], pointer: str, message: str) -> None:
    assert [("/" + "/".join(error.path), error.message) for error in check_arguments(SCHEMA, args)] == [
        (pointer, message)
    ]


def test_the_value_is_never_shown() -> None:
    errors = check_arguments(SCHEMA, {"url": "hunter2", "level": "hunter2", "count": "hunter2", "headers": "hunter2"})
    assert len(errors) == 4
    assert not any("hunter2" in error.message for error in errors)


def test_a_reference_to_a_secret_fits_wherever_a_text_does() -> None:
    secret = "${secret:API_KEY}"
    assert (
        check_arguments(SCHEMA, {"url": secret, "level": secret, "headers": {"Authorization": f"Bearer {secret}"}})
        == []
    )


def test_a_reference_to_a_secret_does_not_fit_where_no_text_does() -> None:
    errors = check_arguments(SCHEMA, {"url": "http://a", "count": "${secret:COUNT}"})
    assert [error.path for error in errors] == [("args", "count")]


@pytest.mark.parametrize(
    "schema", [{"type": "nonsense"}, {"$ref": "http://127.0.0.1:1/x"}, {"pattern": "("}, {"minimum": "a"}]
)
def test_a_schema_that_cannot_be_used_refuses_nothing(schema: dict[str, Any]) -> None:
    assert check_arguments({"properties": {"a": schema}}, {"a": 1, "b": "c"}) == []


@pytest.mark.parametrize("text", ["${secret:my-name}", "Bearer ${secret:}", "${run:slot-at}", "${secret:KEY"])
def test_what_looks_like_a_reference_and_is_none_is_refused(text: str) -> None:
    faults = check_arguments({}, {"url": "http://a", "headers": {"Authorization": text}})
    assert [fault.path for fault in faults] == [("args", "headers")]
    assert "letters, digits and underscores" in faults[0].message


DATED = {
    "type": "object",
    "properties": {
        "day": {"type": "string", "format": "date"},
        "at": {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]},
        "after": {"type": "string", "format": "duration"},
        "path": {"type": "string", "format": "path"},
    },
}


def test_a_text_that_the_worker_could_make_nothing_of_does_not_fit() -> None:
    fits = {"day": "2026-03-01", "at": "2026-03-01T06:30:00Z", "after": "PT5M", "path": "any"}
    assert check_arguments(DATED, fits) == []
    assert check_arguments(DATED, {"day": "${run:slot_date}", "at": "${run:slot_at}", "after": "${secret:X}"}) == []
    errors = check_arguments(DATED, {"day": "tomorrow", "at": "noon", "after": "long"})
    assert [error.message for error in errors] == [
        "must be of type date",
        "must be of type date-time or null",
        "must be of type duration",
    ]
