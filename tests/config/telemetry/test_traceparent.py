"""What a traceparent is, and what it says."""

from uuid import UUID

import pytest

from config.telemetry.traceparent import Parent, own_trace, trace_id_of

RUN = UUID("01890a5d-ac96-874b-bcce-b302099a8057")
GIVEN = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_it_names_a_span_and_says_what_was_decided_of_its_trace() -> None:
    parent = Parent.read(GIVEN)
    assert parent == Parent("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", 1)
    assert parent.is_sampled
    assert str(parent) == GIVEN


def test_of_the_flags_those_stay_that_are_known() -> None:
    parent = Parent.read(GIVEN[:-2] + "fe")
    assert parent is not None
    assert not parent.is_sampled
    assert str(parent) == GIVEN[:-2] + "02"


def test_of_a_later_version_what_this_one_knows_is_read() -> None:
    parent = Parent.read("cc" + GIVEN[2:] + "-what-the-future-brings")
    assert str(parent) == GIVEN


@pytest.mark.parametrize(
    "text",
    [
        None,
        7,
        "",
        "00-a",
        GIVEN.upper(),
        GIVEN + "-more",
        GIVEN + "\n",
        " " + GIVEN,
        "ff" + GIVEN[2:],
        f"00-{'0' * 32}-b7ad6b7169203331-01",
        f"00-0af7651916cd43dd8448eb211c80319c-{'0' * 16}-01",
        GIVEN.replace("0af", "0ag"),
    ],
)
def test_what_is_none_says_nothing(text: object) -> None:
    assert Parent.read(text) is None


def test_a_run_begins_a_trace_that_is_called_as_it_is() -> None:
    parent = Parent.read(own_trace(RUN))
    assert parent == Parent("01890a5dac96874bbcceb302099a8057", "bcceb302099a8057", 1)


@pytest.mark.parametrize(
    ("trace", "id_"),
    [(None, RUN.hex), ("00-a", RUN.hex), (GIVEN, "0af7651916cd43dd8448eb211c80319c")],
    ids=["none", "what is none", "one that was given"],
)
def test_each_run_has_a_trace(trace: str | None, id_: str) -> None:
    assert trace_id_of(RUN, trace) == id_
