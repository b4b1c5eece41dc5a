"""Instants and spans as people write them."""

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import click
import pytest

from api.cli.times import Span, When, show_instant, show_span
from api.shapes.spans import read_span

NOW = datetime.now(UTC)


@pytest.fixture(autouse=True)
def berlin() -> Iterator[None]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = "Europe/Berlin"
    time.tzset()
    yield
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()


def parsed(*args: str, ahead: bool = False) -> dict[str, Any]:
    since = click.Option(["--since"], type=When(ahead=ahead), is_eager=True)
    command = click.Command("x", params=[click.Option(["--until"], type=When(ahead=ahead)), since])
    return command.make_context("x", list(args)).params


def instant(text: str, *, ahead: bool = False) -> datetime:
    return datetime.fromisoformat(parsed("--since", text, ahead=ahead)["since"])


@pytest.mark.parametrize(("text", "hours"), [("2h", 2), ("1d12h", 36), ("90m", 1.5), ("0s", 0), ("now", 0)])
def test_a_span_goes_back_for_what_was_and_ahead_for_what_is_to_come(text: str, hours: float) -> None:
    for ahead, sign in ((False, -1), (True, 1)):
        wanted = datetime.now(UTC) + sign * timedelta(hours=hours)
        assert abs((instant(text, ahead=ahead) - wanted).total_seconds()) < 5


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-11-23T09:05:00Z", "2026-11-23T09:05:00+00:00"),
        ("2026-11-23T09:05", "2026-11-23T08:05:00+00:00"),
        ("2026-07-01", "2026-06-30T22:00:00+00:00"),
        ("2026-07-01 12:00+05:30", "2026-07-01T06:30:00+00:00"),
    ],
)
def test_what_has_no_offset_is_local(text: str, at: str) -> None:
    assert instant(text) == datetime.fromisoformat(at)


def test_a_clock_time_is_the_last_or_the_next_one() -> None:
    for text in ("00:00", "06:00", "23:59:59"):
        assert timedelta(0) <= datetime.now(UTC) - instant(text) < timedelta(days=1, hours=1)
        assert timedelta(0) < instant(text, ahead=True) - datetime.now(UTC) < timedelta(days=1, hours=1)
        assert instant(text).astimezone().strftime("%H:%M") == text[:5]


@pytest.mark.parametrize("ahead", [False, True])
@pytest.mark.parametrize("order", [1, -1])
def test_until_a_clock_time_is_the_first_after_since(ahead: bool, order: int) -> None:
    given = [("--since", "22:00"), ("--until", "06:00")][::order]
    found = parsed(*(word for pair in given for word in pair), ahead=ahead)
    between = datetime.fromisoformat(found["until"]) - datetime.fromisoformat(found["since"])
    assert timedelta(hours=7) <= between <= timedelta(hours=9)


@pytest.mark.parametrize(
    "text", ["soon", "25:00", "2h30", "", "0001-01-01T00:00:00+23:59", "99999999999d", "2026-13-01"]
)
def test_what_is_no_instant_is_said_with_an_example(text: str) -> None:
    with pytest.raises(click.BadParameter, match="is no instant such as 2h, 06:00 or "):
        instant(text)


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("5m", 300), ("1.5h", 5400), ("1 h 30 min", 5400), ("7", 7), ("0.25", 0.25)]
)
def test_spans_have_units_or_are_seconds(text: str, seconds: float) -> None:
    assert Span().convert(text, None, None) == seconds


@pytest.mark.parametrize("text", ["nan", "inf", "-5", "", "5 mi", "1e3", "2y"])
def test_what_is_no_span_is_refused(text: str) -> None:
    assert read_span(text) is None
    with pytest.raises(click.BadParameter):
        Span().convert(text, None, None)


def test_instants_and_spans_are_shown_in_few_words() -> None:
    now = datetime(2026, 11, 23, 9, 5, tzinfo=UTC)
    shown = [show_instant(each, "relative", now) for each in ("2026-11-23T11:05:00Z", "2026-11-21T09:05:00Z")]
    assert shown == ["in 2 h", "2 d ago"]
    assert show_instant("2026-11-23T09:05:00Z", "local") == "2026-11-23 10:05:00+01:00"
    assert [show_span(each) for each in (0, 0.0001, 0.056, 0.43, 9.999, 61, 119, 7199, 172_800)] == [
        *("0 s", "1 ms", "56 ms", "0.43 s", "10 s", "61 s", "119 s", "120 min", "2 d"),
    ]
