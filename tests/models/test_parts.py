"""Parts of a text, and the text they make."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.words.parts import Part, join, take_apart

ALL = "é1€2😀3" * 5
BYTES = ALL.encode()
PLACES = [len(ALL[:number].encode()) for number in range(len(ALL) + 1)]


@st.composite
def parts(draw: st.DrawFn) -> list[Part]:
    """Parts of the text in any order, which may have something in common or miss something."""
    bounds = draw(st.lists(st.tuples(st.sampled_from(PLACES), st.sampled_from(PLACES)), max_size=6))
    return [Part(min(pair), BYTES[min(pair) : max(pair)]) for pair in bounds if pair[0] != pair[1]]


@given(parts(), st.sampled_from(PLACES))
def test_what_is_there_comes_once_and_what_is_missing_is_counted(given_parts: list[Part], after: int) -> None:
    joined = join(given_parts, after)
    place = after
    for part in take_apart(joined.text, joined.gaps):
        start = after + part.start
        assert start >= place
        assert BYTES[start : start + len(part.data)] == part.data
        place = start + len(part.data)
    there = {byte for part in given_parts for byte in range(part.start, part.end) if byte >= after}
    assert joined.until == max(there, default=after - 1) + 1
    missing = sum(joined.gaps[1::2])
    assert joined.until - after - missing == len(there)


@given(parts(), st.sampled_from(PLACES))
def test_read_back_it_has_the_same_rest(given_parts: list[Part], after: int) -> None:
    whole = join(given_parts)
    rest, again = join(given_parts, after), join(take_apart(whole.text, whole.gaps), after)
    assert (again.text, again.until) == (rest.text, rest.until)


@pytest.mark.parametrize(
    ("after", "text", "until"),
    [
        (0, "ab\n[… 3 bytes dropped …]\nfg", 7),
        (1, "b\n[… 3 bytes dropped …]\nfg", 7),
        (3, "\n[… 2 bytes dropped …]\nfg", 7),
        (5, "fg", 7),
        (6, "g", 7),
        (7, "", 7),
        (99, "", 99),
    ],
)
def test_of_what_was_dropped_the_rest_is_counted(after: int, text: str, until: int) -> None:
    assert join([Part(0, b"ab"), Part(5, b"fg")], after)[:2] == (text, until)


def test_a_place_within_a_character_begins_at_the_next_one() -> None:
    assert join([Part(0, "€b".encode())], 1).text == "b"


def test_without_gaps_a_text_is_what_it_is() -> None:
    text = "a\n[… 3 bytes dropped …]\nb"
    assert take_apart(text, None) == [Part(0, text.encode())]
