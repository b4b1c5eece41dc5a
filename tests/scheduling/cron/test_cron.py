"""When expressions fire: plain days, clock changes, counts, previews, zones."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import pytest

from scheduling.cron import check, clock_remark, count_fires, last_fires, next_fire
from scheduling.cron.zones import load_zone, segments, zone_names


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def fires(expr: str, tz: str, after: str, count: int) -> list[str]:
    found, at = [], utc(after)
    for _ in range(count):
        at = next_fire(expr, tz, at)
        found.append(at.strftime("%Y-%m-%dT%H:%M"))
    return found


@pytest.mark.parametrize(
    ("expr", "tz", "after", "expected"),
    [
        ("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00", ["2026-03-29T01:00", "2026-03-30T00:30"]),
        ("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00", ["2026-10-25T00:30", "2026-10-26T01:30"]),
        (
            "*/30 * * * *",
            "Europe/Berlin",
            "2026-10-25T00:00",
            ["2026-10-25T00:30", "2026-10-25T01:00", "2026-10-25T01:30", "2026-10-25T02:00"],
        ),
        ("0 9 * * 1-5", "America/New_York", "2026-03-06T15:00", ["2026-03-09T13:00"]),
        ("5-5 * * * *", "UTC", "2026-03-06T15:05", ["2026-03-06T16:05", "2026-03-06T17:05"]),
        ("0 0 * * 7", "UTC", "2026-11-20T00:00", ["2026-11-22T00:00"]),
        ("0 0 13 * 5", "UTC", "2026-11-01T00:00", ["2026-11-06T00:00", "2026-11-13T00:00", "2026-11-20T00:00"]),
    ],
)
def test_the_examples_of_the_rule(expr: str, tz: str, after: str, expected: list[str]) -> None:
    assert fires(expr, tz, after, len(expected)) == expected


def test_the_answer_is_in_utc_and_later_than_a_fire_itself() -> None:
    fire = next_fire("0 9 * * *", "Asia/Kathmandu", utc("2026-05-05T03:15"))
    assert fire == utc("2026-05-06T03:15")
    assert fire.tzinfo is UTC


def test_the_zone_of_the_given_instant_does_not_matter() -> None:
    after = utc("2026-05-05T03:14:59.999999")
    elsewhere = after.astimezone(timezone(timedelta(hours=-7)))
    assert next_fire("0 9 * * *", "Asia/Kathmandu", elsewhere) == utc("2026-05-05T03:15")


def test_the_two_passes_of_a_repeated_hour_are_different_instants_to_start_from() -> None:
    berlin = load_zone("Europe/Berlin")
    first = datetime(2026, 10, 25, 2, 30, tzinfo=berlin, fold=0)
    second = first.replace(fold=1)
    assert next_fire("*/30 * * * *", "Europe/Berlin", first) == utc("2026-10-25T01:00")
    assert next_fire("*/30 * * * *", "Europe/Berlin", second) == utc("2026-10-25T02:00")


def test_a_fixed_job_keeps_quiet_when_asked_within_the_second_pass() -> None:
    assert fires("45 2 * * *", "Europe/Berlin", "2026-10-25T01:10", 1) == ["2026-10-26T01:45"]


def test_a_fixed_job_with_every_hour_listed_does_not_fire_in_the_second_pass() -> None:
    expected = ["2026-10-25T00:00", "2026-10-25T02:00"]
    assert fires("0 0-23 * * *", "Europe/Berlin", "2026-10-24T23:30", 2) == expected


def test_an_interval_job_makes_nothing_up_in_a_gap() -> None:
    expected = ["2026-03-29T00:30", "2026-03-29T01:00", "2026-03-29T01:30"]
    assert fires("*/30 * * * *", "Europe/Berlin", "2026-03-29T00:00", 3) == expected
    assert fires("*/30 2 * * *", "Europe/Berlin", "2026-03-28T12:00", 1) == ["2026-03-30T00:00"]


def test_skipped_local_times_fire_once_together_with_the_first_one_after_the_change() -> None:
    assert fires("0,20,40 2,3 * * *", "Europe/Berlin", "2026-03-29T00:59", 2) == [
        "2026-03-29T01:00",
        "2026-03-29T01:20",
    ]
    assert fires("20,40 2,3 * * *", "Europe/Berlin", "2026-03-29T00:59", 2) == ["2026-03-29T01:00", "2026-03-29T01:20"]


def test_a_gap_of_half_an_hour_and_one_of_two_hours_are_made_up_for() -> None:
    assert fires("15 2 * * *", "Australia/Lord_Howe", "2026-10-03T12:00", 1) == ["2026-10-03T15:30"]
    assert fires("15 1 * * *", "Antarctica/Troll", "2026-03-28T12:00", 1) == ["2026-03-29T01:00"]


def test_a_midnight_that_does_not_exist_fires_at_the_first_instant_of_the_day() -> None:
    assert fires("0 0 * * *", "America/Sao_Paulo", "2018-11-03T12:00", 1) == ["2018-11-04T03:00"]


def test_a_change_of_three_hours_or_more_makes_nothing_up() -> None:
    assert fires("0 0 30 12 *", "Pacific/Apia", "2011-12-01T00:00", 1) == ["2012-12-29T10:00"]
    assert fires("0 12 * * *", "Pacific/Apia", "2011-12-29T12:00", 2) == ["2011-12-29T22:00", "2011-12-30T22:00"]
    assert fires("30 1 4 10 *", "Antarctica/Casey", "2020-10-03T12:00", 1) == ["2021-10-03T14:30"]


def test_the_29th_of_february_on_a_sunday_is_found_forty_years_later() -> None:
    assert fires("0 0 29 2 */7", "Europe/Berlin", "2088-03-01T00:00", 1) == ["2128-02-28T23:00"]


def test_what_lies_beyond_the_year_9999_is_a_value_error() -> None:
    for tz in ("UTC", "Pacific/Kiritimati", "America/Adak"):
        assert next_fire("0 0 1 12 *", tz, utc("9999-11-01")).year == 9999
        for after in ("9999-12-15T00:00", "9999-12-31T23:59:59"):
            with pytest.raises(ValueError, match="before the year 10000"):
                next_fire("0 0 1 12 *", tz, utc(after))


def test_the_first_and_the_last_instant_are_no_trouble() -> None:
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    for tz in ("Europe/Berlin", "Pacific/Kiritimati", "America/Adak"):
        assert next_fire("* * * * *", tz, first).year == 1
        with pytest.raises(ValueError, match="before the year 10000"):
            next_fire("* * * * *", tz, last)
    assert count_fires("* * * * *", "America/Adak", last - timedelta(days=2), last) == 2880
    east = datetime.min.replace(tzinfo=timezone(timedelta(hours=14)))
    assert next_fire("0 0 * * *", "UTC", east) == first


def test_a_naive_instant_is_a_value_error() -> None:
    naive = utc("2026-01-01").replace(tzinfo=None)
    with pytest.raises(ValueError, match="aware"):
        next_fire("* * * * *", "UTC", naive)
    with pytest.raises(ValueError, match="aware"):
        count_fires("* * * * *", "UTC", utc("2025-01-01"), naive)


def test_threads_get_the_answers_that_a_single_caller_gets() -> None:
    asked = [
        (expr, utc("2026-10-24") + timedelta(hours=hour)) for expr in ("7 2 * * *", "*/7 * * * *") for hour in range(60)
    ]
    alone = [next_fire(expr, "Atlantic/Azores", after) for expr, after in asked]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda pair: next_fire(pair[0], "Atlantic/Azores", pair[1]), asked[::-1]))
    assert together[::-1] == alone


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        ("* * * * *", 525_600),
        ("* * * * * *", 31_536_000),
        ("30 2 * * *", 365),
        ("0-59 * * * *", 525_600),
        ("0 0 1 1 *", 1),
    ],
)
def test_a_year_is_counted_without_listing_it(expr: str, expected: int) -> None:
    after, until = utc("2026-01-01"), utc("2027-01-01")
    count_fires(expr, "Europe/Berlin", after, until)
    started = time.perf_counter()
    assert count_fires(expr, "Europe/Berlin", after, until) == expected
    assert time.perf_counter() - started < 0.05


def test_a_count_leaves_out_the_start_and_takes_in_the_end() -> None:
    assert count_fires("0 * * * *", "UTC", utc("2026-01-01T00:00"), utc("2026-01-01T02:00")) == 2
    assert count_fires("0 * * * *", "UTC", utc("2026-01-01T02:00"), utc("2026-01-01T02:00")) == 0
    assert count_fires("0 * * * *", "UTC", utc("2026-01-01T02:00"), utc("2026-01-01T00:00")) == 0


def test_a_count_knows_the_made_up_fire_and_the_left_out_ones() -> None:
    day = timedelta(days=1)
    spring, autumn = utc("2026-03-28T23:00"), utc("2026-10-24T22:00")
    assert count_fires("0-59 0-23 * * *", "Europe/Berlin", spring - timedelta(minutes=1), spring + day) == 23 * 60 + 61
    assert count_fires("20,40 2 * * *", "Europe/Berlin", spring, spring + day) == 1
    change = utc("2026-03-29T01:00")
    assert count_fires("20,40 2 * * *", "Europe/Berlin", change - timedelta(seconds=1), change) == 1
    assert count_fires("20,40 2 * * *", "Europe/Berlin", change, spring + day) == 0
    assert count_fires("20,40 2 * * *", "Europe/Berlin", autumn, autumn + day) == 2
    assert count_fires("*/20 2 * * *", "Europe/Berlin", autumn, autumn + day) == 6


def test_the_last_fires_come_in_order_and_no_more_than_asked_for() -> None:
    after, until = utc("2026-03-01"), utc("2026-03-29T12:00")
    newest = last_fires("30 2 * * *", "Europe/Berlin", after, until, 2)
    assert newest == [utc("2026-03-28T01:30"), utc("2026-03-29T01:00")]
    assert len(last_fires("30 2 * * *", "Europe/Berlin", after, until, 100)) == 29
    assert last_fires("30 2 * * *", "Europe/Berlin", after, until, 0) == []
    assert last_fires("30 2 * * *", "Europe/Berlin", until, after, 5) == []


def test_the_end_of_the_window_is_the_last_fire_when_it_is_one() -> None:
    until = utc("2026-03-29T12:00")
    assert last_fires("* * * * *", "UTC", utc("2025-01-01"), until, 2) == [until - timedelta(minutes=1), until]
    assert last_fires("* * * * *", "UTC", until, until + timedelta(seconds=59), 2) == []


@pytest.mark.parametrize(
    ("expr", "tz", "slot", "expected"),
    [
        ("30 2 * * *", "Europe/Berlin", "2026-03-29T01:00", "moved: 02:30 does not exist on this day"),
        ("30 30 2 * * *", "Europe/Berlin", "2026-03-29T01:00", "moved: 02:30:30 does not exist on this day"),
        ("20,40 2 * * *", "Europe/Berlin", "2026-03-29T01:00", "merged: 2 local times fire here together"),
        ("0 2,3 * * *", "Europe/Berlin", "2026-03-29T01:00", "merged: 2 local times fire here together"),
        ("30 2 * * *", "Europe/Berlin", "2026-10-25T00:30", "repeated: 02:30 comes twice, this is the first pass"),
        ("*/30 * * * *", "Europe/Berlin", "2026-10-25T01:30", "repeated: 02:30 comes twice, this is the second pass"),
        ("0 3 * * *", "Europe/Berlin", "2026-03-29T01:00", None),
        ("*/30 * * * *", "Europe/Berlin", "2026-03-29T01:00", None),
        ("30 2 * * *", "Europe/Berlin", "2026-03-28T01:30", None),
        ("0 3 * * *", "Europe/Berlin", "2026-10-25T02:00", None),
        ("0 0 31 12 *", "Pacific/Apia", "2011-12-30T10:00", None),
    ],
)
def test_a_preview_says_what_a_clock_change_did(expr: str, tz: str, slot: str, expected: str | None) -> None:
    assert clock_remark(expr, tz, utc(slot)) == expected


@pytest.mark.parametrize(
    "tz", ["", "Europe/Berln", "europe/berlin", "../../etc/passwd", "/etc/localtime", "Europe", "x" * 9999]
)
def test_an_unknown_zone_is_a_value_error_even_where_a_file_of_that_name_exists(tz: str) -> None:
    with pytest.raises(ValueError, match="unknown time zone"):
        check("* * * * *", tz)
    with pytest.raises(ValueError, match="unknown time zone"):
        count_fires("* * * * *", tz, utc("2026-01-01"), utc("2025-01-01"))


def test_a_misspelt_zone_is_told_a_name_that_is_near() -> None:
    for tz in ("Europe/Berln", "europe/berlin"):
        with pytest.raises(ValueError, match="did you mean 'Europe/Berlin'"):
            next_fire("* * * * *", tz, utc("2026-01-01"))


def test_every_zone_of_the_package_can_be_loaded() -> None:
    assert len(zone_names()) > 500
    assert all(load_zone(name).key == name for name in zone_names())


@pytest.mark.parametrize("tz", ["Europe/Berlin", "Africa/Casablanca", "Pacific/Apia", "Asia/Gaza", "America/Adak"])
def test_segments_are_gapless_and_hold_the_offset_of_their_zone(tz: str) -> None:
    zone, starts, ends = load_zone(tz), int(utc("2009-06-01").timestamp()), int(utc("2013-06-01").timestamp())
    found = list(segments(tz, starts, ends))
    assert found[0].starts <= starts
    assert found[-1].ends >= ends
    assert [segment.ends for segment in found[:-1]] == [segment.starts for segment in found[1:]]
    for segment in found:
        for at in {segment.starts, segment.ends - 1, *range(segment.starts, segment.ends, 3 * 3600)}:
            assert datetime.fromtimestamp(at, zone).utcoffset() == timedelta(seconds=segment.offset)
