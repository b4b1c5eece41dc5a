"""Bars and lines: how long, how high, at which ticks."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from api.dashboard.charts import Bar, Series, bars, line
from api.dashboard.charts.bar_chart import WIDTH
from api.dashboard.charts.line_chart import LEFT, PLOT, RIGHT, TOP
from api.dashboard.charts.line_chart import WIDTH as WIDE
from api.dashboard.charts.scales import say, short, ticks, time_ticks
from tests.api.dashboard.charts.drawn import Drawn

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_bars_are_as_long_as_their_values() -> None:
    items = [Bar("a", 200, "succeeded"), Bar("b", 50, "failed", "/runs?state=failed", "new"), Bar("c", 0, "skipped")]
    drawn = Drawn(bars("k", "Runs", items, "runs"))
    assert drawn.numbers("width", "bar") == [WIDTH, WIDTH / 4, 0]
    assert drawn.numbers("width", "bar", "kind-failed") == [WIDTH / 4]
    assert drawn.links() == ["/runs?state=failed"]
    assert drawn.titles() == ["a: 200 runs", "b: 50 runs (new)", "c: 0 runs"]
    assert drawn.words("label") == ["✓ a", "✗ b", "\u2013 c"]
    assert drawn.words("value") == ["200 runs", "50 runs new", "0 runs"]
    assert drawn.cells()[1:] == [["a", "200 runs", ""], ["b", "50 runs", "new"], ["c", "0 runs", ""]]
    assert drawn.description == "3 bars; a has most with 200 runs, c least with 0 runs."


def test_what_is_little_can_be_seen_and_long_names_are_whole_elsewhere() -> None:
    name = "a" * 128
    drawn = Drawn(bars("k", "Runs", [Bar(name, 1, "failed"), Bar("b", 10**9, "succeeded")], "runs"))
    assert drawn.numbers("width", "bar")[0] == 1
    assert len(drawn.words("label")[0]) < 40
    assert drawn.titles()[0].startswith(name)
    assert drawn.cells()[1][0] == name


def test_bars_without_a_difference_say_so() -> None:
    drawn = Drawn(bars("k", "Runs", [Bar("a", 0, "x"), Bar("b", 0, "x")], "runs"))
    assert drawn.numbers("width", "bar") == [0, 0]
    assert drawn.description == "2 bars, each with 0 runs."


def test_lines_go_where_their_values_are() -> None:
    first = Series("p50", [(NOON, 0), (NOON + HOUR, 2), (NOON + 2 * HOUR, 4)])
    drawn = Drawn(line("k", "Duration", [first, Series("p95", [(NOON + 2 * HOUR, 1), (NOON, 8)])], "s"))
    right, bottom = WIDE - RIGHT, TOP + PLOT
    middle = (LEFT + right) / 2
    paths = [each.get("points") for each in drawn.shapes("series")][:2]
    assert paths == [
        f"{LEFT}.0,{bottom}.0 {middle:.1f},{bottom - PLOT / 4:.1f} {right}.0,{bottom - PLOT / 2:.1f}",
        f"{LEFT}.0,{TOP}.0 {right}.0,{bottom - PLOT / 8:.1f}",
    ]
    assert drawn.titles()[:3] == [
        "p50: 0 ms at 2026-11-30 12:00:00 UTC", "p50: 2 s at 2026-11-30 13:00:00 UTC",
        "p50: 4 s at 2026-11-30 14:00:00 UTC",
    ]  # fmt: skip
    assert drawn.cells() == [
        ["When", "p50", "p95"], ["2026-11-30 12:00:00 UTC", "0 ms", "8 s"], ["2026-11-30 13:00:00 UTC", "2 s", ""],
        ["2026-11-30 14:00:00 UTC", "4 s", "1 s"],
    ]  # fmt: skip
    assert drawn.description == "2 lines with 5 points; most is 8 s at 2026-11-30 12:00:00 UTC, least 0 ms."


def test_lines_differ_by_more_than_colour() -> None:
    drawn = Drawn(line("k", "t", [Series(str(number), [(NOON, number)]) for number in range(3)], "s"))
    assert {each.tag for each in drawn.shapes("point")} == {"circle", "rect", "polygon"}
    assert [len(drawn.shapes("series", f"series-{number}")) for number in range(3)] == [2, 2, 2]


def test_one_point_is_in_the_middle_and_many_have_few_signs() -> None:
    drawn = Drawn(line("k", "t", [Series("a", [(NOON, 5)])], "runs"))
    assert drawn.shapes("series")[0].get("points", "").startswith(f"{(LEFT + WIDE - RIGHT) / 2:.1f},")
    many = Drawn(line("k", "t", [Series("a", [(NOON + number * HOUR, number) for number in range(1000)])], "runs"))
    assert len(many.shapes("series")[0].get("points", "").split()) == 1000
    assert len(many.shapes("point")) < 90


def test_what_is_below_nothing_has_its_place() -> None:
    drawn = Drawn(line("k", "t", [Series("a", [(NOON, -3), (NOON + HOUR, 5)])], "runs"))
    heights = [float(point.split(",")[1]) for point in drawn.shapes("series")[0].get("points", "").split()]
    assert heights[0] == TOP + PLOT
    assert TOP <= heights[1] < heights[0]
    assert drawn.words("tick")[0] == "-3"


@pytest.mark.parametrize(
    ("most", "found"),
    [
        (0, [0, 1]), (-1, [0, 1]), (1, [0, 0.25, 0.5, 0.75, 1]), (7, [0, 2, 4, 6, 8]), (10, [0, 2.5, 5, 7.5, 10]),
        (100, [0, 25, 50, 75, 100]), (41, [0, 20, 40, 60]),
    ],
)  # fmt: skip
def test_ticks_are_round(most: float, found: list[float]) -> None:
    assert ticks(most) == found


@pytest.mark.parametrize(
    ("seconds", "found"), [(8, [0, 2, 4, 6, 8]), (100, [0, 30, 60, 90, 120]), (5000, [0, 1800, 3600, 5400])]
)
def test_ticks_of_seconds_are_those_of_clocks(seconds: float, found: list[float]) -> None:
    assert ticks(seconds, unit="s") == found


@pytest.mark.parametrize("most", [1e-300, 3e-7, 0.3, 999.9, 2**64, 1e300])
def test_ticks_reach_the_most_and_are_few(most: float) -> None:
    found = ticks(most)
    assert found[0] == 0
    assert found[-2] < most * (1 + 1e-6) <= found[-1] * (1 + 1e-5)
    assert len(found) <= 7


def test_times_are_round_where_somebody_looks_at_a_clock() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert [said for _, said in time_ticks(NOON, NOON + 6 * HOUR, berlin)] == [
        "11-30 13:00", "14:00", "15:00", "16:00", "17:00", "18:00", "19:00",
    ]  # fmt: skip
    assert [said for _, said in time_ticks(NOON, NOON + 12 * HOUR, berlin, 5)] == [
        "11-30 15:00",
        "18:00",
        "21:00",
        "12-01 00:00",
    ]
    assert [said for _, said in time_ticks(NOON, NOON + 96 * HOUR, wanted=5)] == ["12-01", "12-02", "12-03", "12-04"]
    assert list(time_ticks(NOON, NOON)) == []
    assert len(list(time_ticks(NOON, NOON.replace(year=2226)))) <= 9


@pytest.mark.parametrize(
    ("value", "unit", "said", "shortly"),
    [
        (1, "runs", "1 run", "1"), (2000, "runs", "2\u202f000 runs", "2000"), (12.5, "%", "12.5 %", "12.5"),
        (90, "s", "1 min 30 s", "1 min 30 s"),
        (2**53 + 1, "ids", "9\u202f007\u202f199\u202f254\u202f740\u202f993 ids", "9.007e+15"),

        (12_345, "", "12\u202f345", "12.3k"), (3e6, "runs", "3\u202f000\u202f000 runs", "3M"),
        (float("nan"), "s", "0 ms", "0 s"),
    ],
)  # fmt: skip
def test_numbers_are_said(value: float, unit: str, said: str, shortly: str) -> None:
    assert (say(value, unit), short(value, unit)) == (said, shortly)
