"""What counts as JSON."""

import pytest

from api.web.problems import Problem
from api.web.strict_json import parse_json


def test_json_is_read() -> None:
    assert parse_json(b'{"a": [1, 2.5, null, true, "\\u00e9"]}') == {"a": [1, 2.5, None, True, "é"]}


@pytest.mark.parametrize(
    "raw",
    [
        b"{",
        b"",
        b"[1,]",
        b"'a'",
        b"NaN",
        b"[Infinity]",
        b"-Infinity",
        b'"\\u0000"',
        b'{"\\u0000": 1}',
        b'"\\ud800"',
        b'{"a": 1, "a": 1}',
        b'{"a": {"b": 1, "b": 2}}',
        b"\xff",
        b"\xef\xbb\xbf{}",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"[" * 65 + b"]" * 65,
    ],
    ids=lambda raw: repr(raw[:20]),
)
def test_what_is_not_strict_json_is_a_400(raw: bytes) -> None:
    with pytest.raises(Problem) as caught:
        parse_json(raw)
    assert caught.value.status == 400


@pytest.mark.parametrize("raw", [b"1e309", b"-1e400", b"[1e-400]", b"-0.01e-323", b"1" * 310, b"-" + b"1" * 5000])
def test_a_number_that_cannot_be_kept_is_a_422(raw: bytes) -> None:
    with pytest.raises(Problem) as caught:
        parse_json(raw)
    assert (caught.value.status, caught.value.detail[:24]) == (422, "a number is out of range")


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b"1.7976931348623157e308", 1.7976931348623157e308),
        (b"5e-324", 5e-324),
        (b"-0.0e5", -0.0),
        (b"0e999", 0.0),
        (b"1" + b"0" * 308, 10**308),
        (b"-0", 0),
    ],
)
def test_numbers_up_to_the_edge_are_kept(raw: bytes, value: float) -> None:
    assert repr(parse_json(raw)) == repr(value)


def test_64_levels_are_not_too_deep() -> None:
    assert parse_json(b"[" * 64 + b"]" * 64)


def test_a_pair_of_surrogates_is_one_character() -> None:
    assert parse_json(b'"\\ud83d\\ude00"') == "\U0001f600"
