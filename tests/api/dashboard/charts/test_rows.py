"""Sparklines, strips, Gantt charts and heat maps: which mark is where, and what it is."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from api.dashboard.charts import Mark, Row, Span, gantt, heat_map, sparkline, strip
from api.dashboard.charts.gantt_chart import HIGH, LEFT, PLOT, TARGET, TOP
from api.dashboard.charts.heat import level_of
from api.dashboard.charts.sparks import MIDDLE, STEP
from tests.api.dashboard.charts.drawn import Drawn

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_a_sparkline_shows_what_went_well_above_and_what_failed_below() -> None:
    kinds = ["succeeded"] * 58 + ["failed", "running"]
    drawn = Drawn(sparkline("k", "report", [Mark(f"run {n}", kind, n) for n, kind in enumerate(kinds)]))
    assert drawn.numbers("x", "kind-succeeded") == [STEP * number for number in range(58)]
    assert {
        y + high
        for y, high in zip(drawn.numbers("y", "kind-succeeded"), drawn.numbers("height", "kind-succeeded"), strict=True)
    } == {MIDDLE}
    assert drawn.numbers("y", "kind-failed") == [MIDDLE]
    assert len(drawn.shapes("kind-running", "hollow")) == 1
    assert drawn.numbers("height", "kind-succeeded") == sorted(drawn.numbers("height", "kind-succeeded"))
    assert drawn.cells()[1:] == [["succeeded", "58"], ["failed", "1"], ["running", "1"]]
    assert drawn.titles() == [f"run {number}" for number in range(60)]
    assert drawn.description == "60: 58 succeeded, 1 failed, 1 running; the last one running."


def test_few_marks_of_a_sparkline_stand_at_its_end() -> None:
    drawn = Drawn(sparkline("k", "report", [Mark("a", "skipped", 0, "/runs/1"), Mark("b", "succeeded", 0)]))
    assert drawn.numbers("x", "kind-succeeded") == [drawn.size[0] - STEP]
    assert drawn.numbers("height", "kind-skipped") == [2]
    assert [(each.get("href"), each.get("tabindex")) for each in drawn.figure.iter("a")] == [("/runs/1", "-1")]


def test_a_strip_has_a_box_for_each_with_a_sign() -> None:
    marks = [
        Mark(f"slot {number}", "failed" if number == 31 else "succeeded", 0, f"/runs/{number}") for number in range(40)
    ]
    drawn = Drawn(strip("k", "Slots", marks))
    boxes = list(drawn.figure.iter("rect"))
    assert [(each.get("x"), each.get("y")) for each in boxes[29:32]] == [("754", "0"), ("0", "26"), ("26", "26")]
    assert {(each.get("width"), each.get("height")) for each in boxes} == {("24", "24")}
    assert drawn.words("sign", "kind-failed") == ["✗"]
    assert drawn.words("tick") == ["slot 0", "slot 39"]
    assert drawn.links() == [f"/runs/{number}" for number in range(40)]
    assert drawn.cells()[32] == ["slot 31", "failed"]


def test_a_strip_of_one_has_its_label_once() -> None:
    drawn = Drawn(strip("k", "Slots", [Mark("now", "odd kind")]))
    assert (drawn.words("tick"), drawn.words("sign")) == (["now"], ["O"])
    assert drawn.shapes("kind-odd-kind")


def test_a_gantt_chart_has_its_spans_where_they_were() -> None:
    rows = [
        Row("report", "/schedules/report", [
            Span(NOON - 2 * HOUR, NOON - HOUR, "succeeded", "first", "/runs/1"),
            Span(NOON - HOUR, NOON, "running", "second"),
        ]),
        Row("import", None, [Span(NOON + HOUR, NOON + 2 * HOUR, "planned", "12 slots", None, 12)]),
    ]  # fmt: skip
    drawn = Drawn(gantt("k", "Runs", rows, NOON - 2 * HOUR, NOON + 2 * HOUR, NOON))
    quarter = PLOT / 4
    assert drawn.numbers("x", "span") == [LEFT, LEFT + quarter, LEFT + 3 * quarter]
    assert drawn.numbers("width", "span") == [quarter] * 3
    assert drawn.numbers("y", "span") == [TOP + 6, TOP + 6, TOP + HIGH + 6]
    assert drawn.numbers("x1", "now") == [LEFT + 2 * quarter]
    assert drawn.words("sign") == ["✓", "▶", "12"]
    assert drawn.words("label") == ["report", "import"]
    assert drawn.links() == ["/schedules/report", "/runs/1"]
    assert drawn.cells()[3] == ["import", "12 slots", "planned", "2026-11-30 13:00:00 UTC", "2026-11-30 14:00:00 UTC"]
    assert (
        "2 rows from 2026-11-30 10:00:00 UTC to 2026-11-30 14:00:00 UTC: 1 succeeded, 1 running, 1 planned"
        in drawn.description
    )
    assert "most are in report with 2" in drawn.description


@pytest.mark.parametrize("is_reversed", [False, True])
def test_a_gantt_chart_cuts_what_goes_beyond(is_reversed: bool) -> None:
    spans = [
        Span(NOON - 9 * HOUR, NOON + 9 * HOUR, "failed", "long"),
        Span(NOON + 3 * HOUR, NOON + 4 * HOUR, "failed", "later"),
    ]
    ends = (NOON + HOUR, NOON - HOUR) if is_reversed else (NOON - HOUR, NOON + HOUR)
    drawn = Drawn(gantt("k", "Runs", [Row("a", None, spans)], *ends, NOON + 5 * HOUR))
    assert (drawn.numbers("x", "span"), drawn.numbers("width", "span")) == ([LEFT, LEFT], [PLOT, PLOT])  # with its foot
    assert not drawn.shapes("now")
    assert len(drawn.cells()) == 2


def test_a_gantt_chart_of_no_time_has_all_in_the_middle() -> None:
    drawn = Drawn(gantt("k", "Runs", [Row("a", None, [Span(NOON, NOON, "skipped", "x")])], NOON, NOON, NOON))
    assert drawn.numbers("x", "span") == [LEFT + PLOT / 2]


def test_what_can_be_pressed_does_not_overlap() -> None:
    spans = [
        Span(NOON + number * HOUR / 60, NOON + number * HOUR / 60, "succeeded", str(number), f"/runs/{number}")
        for number in range(60)
    ]
    drawn = Drawn(gantt("k", "Runs", [Row("a", None, spans)], NOON - HOUR, NOON + 2 * HOUR))
    hits = sorted((float(each.get("x", "")), float(each.get("width", ""))) for each in drawn.shapes("hit")[1:])
    assert 5 < len(hits) == len(drawn.links())
    assert all(width >= TARGET for _, width in hits)
    assert all(x + width <= after for (x, width), (after, _) in pairwise(hits))
    assert len(drawn.titles()) == 61


def test_a_heat_map_shows_each_number_and_its_share() -> None:
    drawn = Drawn(heat_map("k", "Load", [[0, 5], [41, 20]], ["Mon", "Tue"], ["00", "01"], "starts"))
    assert drawn.words("number") == ["0", "5", "41", "20"]
    assert [len(drawn.shapes("cell", f"level-{level}")) for level in range(6)] == [1, 1, 0, 1, 0, 1]
    assert drawn.titles() == ["Mon 00: 0 starts", "Mon 01: 5 starts", "Tue 00: 41 starts", "Tue 01: 20 starts"]
    assert drawn.cells() == [["Row", "00", "01"], ["Mon", "0", "5"], ["Tue", "41", "20"]]
    assert drawn.description == "Most is 41 starts at Tue 00; 1 of 4 cells have none."


def test_a_heat_map_without_a_quiet_cell_names_the_least() -> None:
    drawn = Drawn(heat_map("k", "Load", [[3, 5]], ["Mon"], ["00", "01"], "starts"))
    assert drawn.description == "Most is 5 starts at Mon 01; least is 3 starts at Mon 00."


def test_a_heat_map_counts_what_is_not_given_as_nothing() -> None:
    drawn = Drawn(heat_map("k", "Load", [[1]], ["Mon", "Tue"], ["00", "01"], "starts"))
    assert drawn.words("number") == ["1", "0", "0", "0"]


@pytest.mark.parametrize(("value", "level"), [(0, 0), (10, 1), (27, 1), (28, 2), (55, 3), (99, 5), (100, 5)])
def test_levels_go_from_the_least_to_the_most(value: float, level: int) -> None:
    assert level_of(value, 10, 100) == level
    assert level_of(value, value, value) == (5 if value else 0)
