"""The engine against a walk over every minute or second, around the clock changes of many zones."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from scheduling.cron import check, count_fires, each_fire, last_fires, next_fire
from tests.scheduling.cron.walk import day_matches, six_fields, walk

MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)

CHANGES = [
    ("Europe/Berlin", "2026-03-29T01:00"),
    ("Europe/Berlin", "2026-10-25T01:00"),
    ("America/New_York", "2026-03-08T07:00"),
    ("America/New_York", "2026-11-01T06:00"),
    ("Australia/Lord_Howe", "2026-04-04T15:00"),
    ("Australia/Lord_Howe", "2026-10-03T15:30"),
    ("Pacific/Apia", "2011-12-30T10:00"),
    ("America/Sao_Paulo", "2018-11-04T03:00"),
    ("America/Sao_Paulo", "2019-02-17T02:00"),
    ("Africa/Casablanca", "2026-02-15T02:00"),
    ("Africa/Casablanca", "2026-03-22T02:00"),
    ("Asia/Kathmandu", "1985-12-31T18:30"),
    ("Africa/Cairo", "2026-04-23T22:00"),
    ("Africa/Cairo", "2026-10-29T21:00"),
    ("America/St_Johns", "2010-03-14T03:31"),
    ("America/St_Johns", "2010-11-07T02:31"),
    ("Antarctica/Troll", "2026-03-29T01:00"),
    ("Antarctica/Troll", "2026-10-25T01:00"),
    ("Antarctica/Casey", "2020-10-03T16:01"),
    ("Atlantic/Azores", "2026-03-29T01:00"),
    ("Atlantic/Azores", "2026-10-25T01:00"),
    ("UTC", "2027-12-31T23:00"),
]


def numbers(low: int, high: int) -> st.SearchStrategy[str]:
    return st.integers(low, high).map(str)


def ranges(low: int, high: int) -> st.SearchStrategy[str]:
    return st.tuples(st.integers(low, high), st.integers(low, high)).map(lambda pair: f"{min(pair)}-{max(pair)}")


def items(low: int, high: int) -> st.SearchStrategy[str]:
    body = st.one_of(st.just("*"), numbers(low, high), ranges(low, high))
    stepped = st.tuples(body, st.integers(1, high + 9)).map(lambda pair: f"{pair[0]}/{pair[1]}")
    return st.one_of(numbers(low, high), ranges(low, high), stepped)


def fields(low: int, high: int) -> st.SearchStrategy[str]:
    return st.one_of(st.just("*"), st.lists(items(low, high), min_size=1, max_size=3).map(",".join))


def day_fields() -> st.SearchStrategy[str]:
    nearest = st.integers(1, 31).map(lambda day: f"{day}W")
    with_last = st.lists(st.one_of(items(1, 31), st.just("L")), min_size=1, max_size=3).map(",".join)
    return st.one_of(st.sampled_from(["*", "*", "?", "L"]), nearest, with_last)


def weekday_fields() -> st.SearchStrategy[str]:
    nth = st.tuples(st.integers(0, 7), st.sampled_from(["#1", "#2", "#3", "#4", "#5", "L"])).map(
        lambda pair: f"{pair[0]}{pair[1]}"
    )
    named = st.sampled_from(["MON-FRI", "sun", "Tue,thu", "sat#2", "FRIL"])
    listed = st.lists(st.one_of(items(0, 7), nth), min_size=1, max_size=3).map(",".join)
    return st.one_of(st.sampled_from(["*", "*", "?"]), named, listed)


def months() -> st.SearchStrategy[str]:
    return st.one_of(st.sampled_from(["*", "*", "*", "jan-MAR", "OCT,11", "*/2"]), fields(1, 12))


def hours() -> st.SearchStrategy[str]:
    return st.one_of(st.sampled_from(["*", "0", "1", "2", "3", "0-3", "1,2", "*/2", "0-23"]), fields(0, 23))


@st.composite
def expressions(draw: st.DrawFn) -> str:
    everyday = st.sampled_from(["* * *", "* * *", "* * 0-6"])
    some_days = st.tuples(day_fields(), months(), weekday_fields()).map(" ".join)
    expr = f"{draw(fields(0, 59))} {draw(hours())} {draw(st.one_of(everyday, some_days))}"
    return expr if fires(expr) else f"{' '.join(expr.split()[:2])} * * *"


@st.composite
def moments(draw: st.DrawFn, around: timedelta) -> tuple[str, datetime]:
    tz, change = draw(st.sampled_from(CHANGES))
    shift = draw(st.integers(-(around // SECOND), around // SECOND))
    return tz, datetime.fromisoformat(change).replace(tzinfo=UTC) + timedelta(seconds=shift)


def fires(expr: str) -> bool:
    try:
        check(expr, "UTC")
    except ValueError as error:
        if "never fires" not in str(error):
            raise
        return False
    return True


def enumerate_fires(expr: str, tz: str, after: datetime, until: datetime) -> list[datetime]:
    found, at = [], after
    while (at := next_fire(expr, tz, at)) <= until:
        found.append(at)
    return found


@settings(max_examples=250, deadline=None)
@given(expressions(), moments(timedelta(hours=30)), st.integers(1, 3000))
@example("30 2 * * *", ("Europe/Berlin", datetime(2026, 10, 25, 1, 10, tzinfo=UTC)), 1500)
@example("0 0 30 12 *", ("Pacific/Apia", datetime(2011, 12, 29, 10, 0, tzinfo=UTC)), 2880)
@example("59 23 * * *", ("Africa/Cairo", datetime(2026, 10, 29, 12, 0, tzinfo=UTC)), 1500)
def test_every_fire_of_a_window_is_one_that_a_walk_over_its_minutes_finds(
    expr: str, moment: tuple[str, datetime], length: int
) -> None:
    tz, after = moment
    after = after.replace(second=0)
    until = after + length * MINUTE
    expected = walk(expr, tz, after, until, MINUTE, timedelta(hours=5))
    assert enumerate_fires(expr, tz, after, until) == expected
    assert list(each_fire(expr, tz, after, until)) == [fire.timestamp() for fire in expected]
    assert count_fires(expr, tz, after, until) == len(expected)
    assert last_fires(expr, tz, after, until, 7) == expected[-7:]


@settings(max_examples=60, deadline=None)
@given(fields(0, 59), fields(0, 59), hours(), moments(timedelta(minutes=70)), st.integers(1, 900))
def test_every_fire_to_the_second_is_one_that_a_walk_over_its_seconds_finds(
    second: str, minute: str, hour: str, moment: tuple[str, datetime], length: int
) -> None:
    tz, after = moment
    expr, until = f"{second} {minute} {hour} * * *", after + length * SECOND
    expected = walk(expr, tz, after, until, SECOND, timedelta(hours=2, minutes=10))
    assert enumerate_fires(expr, tz, after, until) == expected
    assert list(each_fire(expr, tz, after, until)) == [fire.timestamp() for fire in expected]
    assert count_fires(expr, tz, after, until) == len(expected)
    assert last_fires(expr, tz, after, until, 3) == expected[-3:]


@settings(max_examples=150, deadline=None)
@given(day_fields(), months(), weekday_fields(), st.integers(1970, 2100))
def test_the_days_of_a_year_are_those_that_match_one_by_one(day: str, month: str, weekday: str, year: int) -> None:
    expr = f"0 0 {day} {month} {weekday}"
    assume(fires(expr))
    first = datetime(year, 1, 1, tzinfo=UTC)
    days = [first + timedelta(days=index) for index in range((first.replace(year=year + 1) - first).days)]
    expected = [midnight for midnight in days if day_matches(six_fields(expr), midnight)]
    assert enumerate_fires(expr, "UTC", first - SECOND, days[-1]) == expected


@pytest.mark.parametrize("field", ["1W", "2W", "15W", "28W", "29W", "30W", "31W", "L", "30,L"])
def test_a_special_day_is_right_in_months_of_every_shape(field: str) -> None:
    expr, after, until = f"0 0 {field} * *", datetime(1999, 12, 31, tzinfo=UTC), datetime(2027, 12, 31, tzinfo=UTC)
    days = [after + timedelta(days=index) for index in range(1, (until - after).days + 1)]
    fields_of_expr = six_fields(expr)
    assert enumerate_fires(expr, "UTC", after, until) == [day for day in days if day_matches(fields_of_expr, day)]


@settings(max_examples=80, deadline=None)
@given(expressions(), moments(timedelta(days=3)), st.integers(1, 40 * 86_400), st.integers(0, 30))
def test_counts_and_last_fires_agree_with_the_enumeration(
    expr: str, moment: tuple[str, datetime], seconds: int, limit: int
) -> None:
    tz, after = moment
    expected = []
    until = after + timedelta(seconds=seconds)
    at = after
    while len(expected) < 300 and (at := next_fire(expr, tz, at)) <= until:
        expected.append(at)
    until = min(until, at)
    assert list(each_fire(expr, tz, after, until)) == [fire.timestamp() for fire in expected]
    assert count_fires(expr, tz, after, until) == len(expected)
    assert last_fires(expr, tz, after, until, limit) == (expected[-limit:] if limit else [])


@settings(max_examples=100, deadline=None)
@given(expressions(), moments(timedelta(hours=30)))
def test_zero_seconds_in_front_of_five_fields_change_nothing(expr: str, moment: tuple[str, datetime]) -> None:
    tz, after = moment
    until = after + timedelta(days=2)
    assert next_fire(f"0 {expr}", tz, after) == next_fire(expr, tz, after)
    assert count_fires(f"0 {expr}", tz, after, until) == count_fires(expr, tz, after, until)


@settings(max_examples=100, deadline=None)
@given(expressions(), moments(timedelta(hours=30)), st.integers(0, 100_000))
def test_an_earlier_start_leads_to_the_same_fire(expr: str, moment: tuple[str, datetime], share: int) -> None:
    tz, after = moment
    fire = next_fire(expr, tz, after)
    between = after + timedelta(seconds=int((fire - after).total_seconds() - 1) * share // 100_000)
    assert fire > after
    assert next_fire(expr, tz, between) == fire
