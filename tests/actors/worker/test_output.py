import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.worker.running.output import Output
from models.words.parts import Part, join, take_apart


def test_what_fits_is_kept_as_it_is():
    output = Output(10)
    output.write("ab")
    output.write(b"cdefghij")
    assert output.text() == ("abcdefghij", False)


def test_of_more_the_head_and_the_tail_are_kept_and_the_rest_is_counted():
    output = Output(10)
    output.write("0123456789abcdefghij")
    assert output.text() == ("01234\n[… 10 bytes dropped …]\nfghij", True)


def test_nothing_is_kept_with_a_limit_of_0():
    output = Output(0)
    output.write("abc")
    assert output.text() == ("\n[… 3 bytes dropped …]\n", True)


def test_text_is_fit_for_postgresql():
    output = Output(100)
    output.write(b"a\x00b\xff")
    output.write("\ud800")
    text, _ = output.text()
    assert text == "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}?"


@pytest.mark.parametrize("limit", range(4, 12))
def test_no_character_is_kept_in_part(limit):
    output = Output(limit)
    output.write("é€😀" * 9)
    head, tail = output.text()[0].split("\n[")[0], output.text()[0].split("]\n")[1]
    assert "\N{REPLACEMENT CHARACTER}" not in head + tail
    assert ("é€😀" * 9).startswith(head)
    assert ("é€😀" * 9).endswith(tail)


def test_a_character_that_comes_in_two_writes_is_kept_whole():
    output = Output(3)
    for byte in "€".encode():
        output.write(bytes([byte]))
    assert output.text() == ("€", False)


@given(st.integers(0, 40), st.lists(st.text("abc", max_size=30), max_size=20))
def test_head_and_tail_are_those_of_all_that_was_written(limit, pieces):
    output = Output(limit)
    for piece in pieces:
        output.write(piece)
    whole = "".join(pieces)
    text, truncated = output.text()
    assert truncated == (len(whole) > limit)
    if truncated:
        tail = whole[len(whole) - limit // 2 :]
        assert text == f"{whole[: limit - limit // 2]}\n[… {len(whole) - limit} bytes dropped …]\n{tail}"
    else:
        assert text == whole


def test_threads_may_write_at_the_same_time():
    output = Output(1000)

    def write() -> None:
        for _ in range(1000):
            output.write("x" * 100)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert f"{4 * 1000 * 100 - 1000} bytes dropped" in output.text()[0]


@pytest.mark.parametrize("size", [1, 3, 7, 1000])
def test_a_secret_is_masked_however_it_is_cut_into_writes(give_secret, size):
    give_secret("KEY", "hunter22")
    data = b"it said hunter22, and hunter22 again"
    output = Output(1000)
    for start in range(0, len(data), size):
        output.write(data[start : start + size])
    assert output.text() == ("it said [secret], and [secret] again", False)


@pytest.mark.parametrize("limit", range(20, 60))
def test_no_part_of_a_secret_is_left_at_the_bounds_of_head_and_tail(give_secret, limit):
    give_secret("KEY", "hunter22hunter22")
    output = Output(limit)
    for _ in range(20):
        output.write("x" * 7 + "hunter22hunter22")
    assert "hunt" not in output.text()[0]
    assert output.text()[1]


def test_a_secret_that_the_writer_has_cut_off_is_masked(give_secret):
    give_secret("KEY", "hunter22")
    output = Output(1000)
    output.write("the key is hunter2")
    output.cut("\n[read no further]\n")
    assert output.text() == ("the key is [secret]\n[read no further]\n", False)


def test_what_can_be_no_secret_is_shown_at_once(give_secret):
    give_secret("KEY", "hunter22/hunter22")
    output = Output(1000)
    output.write("line 1\nline 2, hunt")
    assert output.parts_after(0) == [Part(0, b"line 1\nline 2, ")]
    output.write("ing\nthe key is HUNTER22%2")
    assert output.parts_after(15) == [Part(15, b"hunting\nthe key is ")]
    output.write("fhunter22\n")
    assert output.parts_after(15) == [Part(15, b"hunting\nthe key is [secret]\n")]


@given(
    st.integers(0, 60),
    st.lists(st.tuples(st.one_of(st.text("aé😀\0", max_size=9), st.binary(max_size=9)), st.booleans()), max_size=20),
)
def test_what_is_shown_meanwhile_is_what_there_is_at_the_end(limit, writes):
    output = Output(limit)
    shown, place = [], 0
    for data, is_looked_at in writes:
        output.write(data)
        if is_looked_at:
            new = output.parts_after(place)
            assert all(part.start >= place for part in new)
            shown += new
            place = new[-1].end if new else place
    whole = output.joined()
    for part in [*shown, *output.parts_after(place)]:
        for kept in take_apart(whole.text, whole.gaps):
            since, until = max(part.start, kept.start), min(part.end, kept.end)
            if since < until:
                assert (
                    part.data[since - part.start : until - part.start]
                    == (kept.data[since - kept.start : until - kept.start])
                )
    if not whole.gaps:
        assert join([*shown, *output.parts_after(place)]).text == whole.text
