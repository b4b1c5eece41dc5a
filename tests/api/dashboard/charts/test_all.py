"""What holds for each chart: it has a title, a description and a table; it escapes; it has room for odd values."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from markupsafe import Markup

from api.dashboard.charts import Bar, Mark, Row, Series, Span, bars, gantt, heat_map, line, sparkline, strip
from api.dashboard.charts.kinds import SIGNS
from models.words.states import State
from tests.api.dashboard.charts.drawn import Drawn

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
EVIL = """<b onclick="x">'&"""
CSS = Path("api/dashboard/static/callsheet.css").read_text("utf-8")

Draw = Callable[[str, str, float, str | None], Markup]
"""Each chart, of a title, a label, a value and a link."""

CHARTS: dict[str, Draw] = {
    "bars": lambda title, label, value, link: bars("k", title, [Bar(label, value, label, link, label)], label),
    "line": lambda title, label, value, link: line("k", title, [Series(label, [(NOON, value), (NOON, 1)])], label),
    "sparkline": lambda title, label, value, link: sparkline("k", title, [Mark(label, label, value, link)]),
    "strip": lambda title, label, value, link: strip("k", title, [Mark(label, label, value, link)] * 2),
    "gantt": lambda title, label, value, link: gantt(
        "k", title, [Row(label, link, [Span(NOON, NOON, label, label, link)])], NOON, NOON + HOUR, NOON
    ),
    "heat_map": lambda title, label, value, link: heat_map("k", title, [[value, 1]], [label], [label, "b"], label),
}
NOTHING: dict[str, Markup] = {
    "bars": bars("k", "Title", [], "runs"),
    "line": line("k", "Title", [Series("a", [])], "runs"),
    "no lines": line("k", "Title", [], "runs"),
    "sparkline": sparkline("k", "Title", []),
    "strip": strip("k", "Title", []),
    "gantt": gantt("k", "Title", [Row("a", None, [])], NOON, NOON + HOUR),
    "no rows": gantt("k", "Title", [], NOON, NOON + HOUR),
    "heat_map": heat_map("k", "Title", [[0, 0]], ["a"], ["b", "c"], "starts"),
    "no cells": heat_map("k", "Title", [], [], [], "starts"),
}


@pytest.mark.parametrize("name", CHARTS)
def test_each_says_what_it_is(name: str) -> None:
    drawn = Drawn(CHARTS[name]("How it goes", "one", 3, None))
    [svg] = drawn.figure.iter("svg")
    assert (svg.get("role"), svg.get("aria-labelledby")) == ("img", "k-title k-desc")
    named = {each.get("id"): each.text for each in svg if each.get("id")}
    assert named == {"k-title": "How it goes", "k-desc": drawn.description}
    assert drawn.description.endswith(".")
    [table] = drawn.figure.iter("table")
    assert table.get("class") == "visually-hidden"
    assert [each.text for each in table.iter("caption")] == ["How it goes"]
    head, *rows = drawn.cells()
    assert rows
    assert {len(row) for row in rows} == {len(head)}


@pytest.mark.parametrize("name", [name for name in CHARTS if name not in ("line", "heat_map")])
def test_what_has_links_is_no_image(name: str) -> None:
    """Inside an image nothing can be reached."""
    drawn = Drawn(CHARTS[name]("How it goes", "one", 3, "/runs?a=1&b=2"))
    assert set(drawn.links()) == {"/runs?a=1&b=2"}
    assert [each.get("role") for each in drawn.figure.iter("svg")] == ["group"]


@pytest.mark.parametrize("name", CHARTS)
def test_each_escapes_what_it_is_given(name: str) -> None:
    text = str(CHARTS[name](EVIL, EVIL, 1, f"/runs?q={EVIL}"))
    assert "<b" not in text
    assert 'onclick="' not in text
    Drawn(Markup(text))  # noqa: S704  # as it is


@pytest.mark.parametrize("name", CHARTS)
@pytest.mark.parametrize(
    "value",
    [0, 0.0, -5, 1e-300, 2**80, -(2**2000), 2**2000, 1e308, float("nan"), float("inf"), float("-inf")],
    ids=lambda value: f"{value:.0e}"[:8] if isinstance(value, float) else f"{value.bit_length()} bits",
)
def test_each_has_room_for_any_number(name: str, value: float) -> None:
    drawn = Drawn(CHARTS[name]("Title", "one", value, None))
    width, height = drawn.size
    for shape in drawn.figure.iter("rect"):
        x, y, wide, high = (float(shape.get(each, "")) for each in ("x", "y", "width", "height"))
        assert wide >= 0
        assert high >= 0
        assert -0.01 <= x <= x + wide <= width + 0.01
        assert -0.01 <= y <= y + high <= height + 0.01


@pytest.mark.parametrize("name", NOTHING)
def test_nothing_is_a_sentence(name: str) -> None:
    drawn = Drawn(NOTHING[name])
    assert not list(drawn.figure.iter("svg"))
    [words] = drawn.words("empty")
    assert words[0].isalpha()


def test_each_state_has_a_sign_and_the_page_a_colour_for_most() -> None:
    assert set(State) <= SIGNS.keys()
    assert len(set(SIGNS.values())) == len(SIGNS) - 1  # failed and error are one
    for state in set(State) - {State.SKIPPED, State.CANCELLED}:
        assert f".kind-{state}" in CSS
