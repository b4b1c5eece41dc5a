"""What is a valid expression, what it means, and what an invalid one is told."""

import re
from datetime import UTC, datetime

import pytest

from scheduling.cron import check, next_fire
from scheduling.cron.fields import SHORTHANDS, parse

START = datetime(2026, 11, 20, tzinfo=UTC)  # a Friday


def fires(expr: str, count: int = 3) -> list[str]:
    found, at = [], START
    for _ in range(count):
        at = next_fire(expr, "UTC", at)
        found.append(at.strftime("%m-%d %H:%M:%S").removesuffix(":00"))
    return found


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        ("* * * * *", ["11-20 00:01", "11-20 00:02", "11-20 00:03"]),
        ("5-5 * * * *", ["11-20 00:05", "11-20 01:05", "11-20 02:05"]),
        ("*/25 * * * *", ["11-20 00:25", "11-20 00:50", "11-20 01:00"]),
        ("*/90 * * * *", ["11-20 01:00", "11-20 02:00", "11-20 03:00"]),
        ("50/5 * * * *", ["11-20 00:50", "11-20 00:55", "11-20 01:50"]),
        ("10-20/10,7 * * * *", ["11-20 00:07", "11-20 00:10", "11-20 00:20"]),
        ("007 04 * * *", ["11-20 04:07", "11-21 04:07", "11-22 04:07"]),
        ("0 22-23,0-6 * * *", ["11-20 01:00", "11-20 02:00", "11-20 03:00"]),
        ("*/20 * * * * *", ["11-20 00:00:20", "11-20 00:00:40", "11-20 00:01"]),
        ("30 15 2 * * *", ["11-20 02:15:30", "11-21 02:15:30", "11-22 02:15:30"]),
    ],
)
def test_times_of_the_day(expr: str, expected: list[str]) -> None:
    assert fires(expr) == expected


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        ("0 0 * * 7", ["11-22", "11-29", "12-06"]),
        ("0 0 * * 0", ["11-22", "11-29", "12-06"]),
        ("0 0 * * sun", ["11-22", "11-29", "12-06"]),
        ("0 0 * * SUN-tue", ["11-22", "11-23", "11-24"]),
        ("0 0 * * 5-7", ["11-21", "11-22", "11-27"]),
        ("0 0 * * */7", ["11-22", "11-29", "12-06"]),
        ("0 0 * * 1/3", ["11-22", "11-23", "11-26"]),
        ("0 0 * Dec,jan-FEB MON#1", ["12-07", "01-04", "02-01"]),
        ("0 0 13 * 5", ["11-27", "12-04", "12-11"]),
        ("0 0 ? * MON", ["11-23", "11-30", "12-07"]),
        ("0 0 1 * ?", ["12-01", "01-01", "02-01"]),
        ("0 0 L * *", ["11-30", "12-31", "01-31"]),
        ("0 0 1,L * *", ["11-30", "12-01", "12-31"]),
        ("0 0 15W * *", ["12-15", "01-15", "02-15"]),
        ("0 0 22w 11 *", ["11-23", "11-22", "11-22"]),
        ("0 0 1W 5,8 *", ["05-03", "08-02", "05-01"]),
        ("0 0 31W * *", ["12-31", "01-29", "03-31"]),
        ("0 0 lw * *", ["11-30", "12-31", "01-29"]),
        ("0 0 LW 2 *", ["02-26", "02-29", "02-28"]),
        ("0 0 * * 5L", ["11-27", "12-25", "01-29"]),
        ("0 0 * * 7L", ["11-29", "12-27", "01-31"]),
        ("0 0 * * FriL", ["11-27", "12-25", "01-29"]),
        ("0 0 * * 1#3", ["12-21", "01-18", "02-15"]),
        ("0 0 * * 1#1,3#2", ["12-07", "12-09", "01-04"]),
        ("0 0 * * 2,5L", ["11-24", "11-27", "12-01"]),
        ("0 0 * * 1#5", ["11-30", "03-29", "05-31"]),
    ],
)
def test_days(expr: str, expected: list[str]) -> None:
    assert [fire.removesuffix(" 00:00") for fire in fires(expr)] == expected


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        ("0 0 */2 * 1", ["11-23", "12-07", "12-21"]),
        ("0 0 1-31 * 1", ["11-21", "11-22", "11-23"]),
        ("0 0 */100,1-7 * MON", ["12-07", "01-04", "02-01"]),
        ("0 0 13 * */5", ["12-13", "06-13", "08-13"]),
        ("0 0 *,13 * 5", ["11-27", "12-04", "12-11"]),
        ("0 0 L * ?", ["11-30", "12-31", "01-31"]),
        ("0 0 31 2 1", ["02-01", "02-08", "02-15"]),
    ],
)
def test_a_leading_star_asks_for_both_day_fields_and_nothing_else_does(expr: str, expected: list[str]) -> None:
    assert [fire.removesuffix(" 00:00") for fire in fires(expr)] == expected


@pytest.mark.parametrize("shorthand", SHORTHANDS)
def test_a_shorthand_means_its_fields_in_any_case(shorthand: str) -> None:
    assert parse(shorthand.upper()) == parse(f" {shorthand}\t") == parse(SHORTHANDS[shorthand])


def test_spaces_and_tabs_separate_fields_and_may_stand_outside() -> None:
    assert parse("\t 0 \t 9  *\t* MON-FRI ") == parse("0 9 * * 1-5")


def test_only_a_leading_star_in_second_minute_or_hour_makes_an_interval_job() -> None:
    intervals = ["*/5 2 * * *", "0 * * * *", "* 0 2 * * *", "@hourly", "*,5 2 * * *"]
    fixed = ["0-59 0-23 * * *", "0/5 2 * * *", "30 2 * * *", "@daily", "5,*/7 2 * * *"]
    assert all(parse(expr).is_interval for expr in intervals)
    assert not any(parse(expr).is_interval for expr in fixed)


@pytest.mark.parametrize(
    ("expr", "words"),
    [
        ("", "5 fields"),
        ("* * * *", "has 4"),
        ("0 0 0 * * * 2027", "has 7"),
        ("0 0 1\n* *", r"'\n' does not belong"),
        ("0 0 1 * *\n", r"'\n' does not belong"),
        ("0 0 1\u00a0* *", "plain ASCII"),
        ("0 0 \u0661 * *", "plain ASCII"),
        ("0 0 1 * *" + " " * 250, "at most 256 characters"),
        ("@reboot", "no known shorthand"),
        ("@every 5m", "no known shorthand"),
        ("60 * * * *", "minute field: '60' is not valid: 60 lies outside 0 to 59"),
        ("0 24 * * *", "hour field"),
        ("0 0 0 * *", "day field"),
        ("0 0 32 * *", "day field"),
        ("0 0 * 13 *", "month field"),
        ("0 0 * 0 *", "month field"),
        ("0 0 * * 8", "weekday field"),
        ("60 0 0 * * *", "second field"),
        ("*/0 * * * *", "a number from 1 up"),
        ("*/x * * * *", "a number from 1 up"),
        ("1,,2 * * * *", "minute field: '' is not valid: an item of the list is empty"),
        ("0 0 1, * *", "an item of the list is empty"),
        ("0 22-6 * * *", "the range runs backwards; write 22-23,0-6"),
        ("0 0 * * FRI-SUN", "the range runs backwards; write 5-6,0"),
        ("0 0 * nov-feb *", "the range runs backwards; write 11-12,1-2"),
        ("0 MON * * *", "'MON' is not a number"),
        ("0 0 * * MONDAY", "'MONDAY' is not a number or a name such as MON"),
        ("0 0 JAN * *", "day field"),
        ("R * * * *", "'R' is not a number"),
        ("H * * * *", "'H' is not a number"),
        ("H(1-5) * * * *", "write *, n, a-b"),
        ("1~5 * * * *", "write *, n, a-b"),
        ("-5 * * * *", "write *, n, a-b"),
        ("+5 * * * *", "write *, n, a-b"),
        ("1_0 * * * *", "is not a number"),
        ("*-5 * * * *", "write *, n, a-b"),
        ("1-2-3 * * * *", "write *, n, a-b"),
        ("1/2/3 * * * *", "write *, n, a-b"),
        ("? * * * *", "? stands alone"),
        ("0 0 ?/2 * *", "? stands alone"),
        ("0 0 1,? * *", "? stands alone"),
        ("0 0 L-3 * *", "L, the last day, takes nothing"),
        ("0 0 1-L * *", "L, the last day, takes nothing"),
        ("0 0 15W,1 * *", "nW, as in 15W or LW, stands alone"),
        ("0 0 1-5W * *", "nW, as in 15W or LW, stands alone"),
        ("0 0 32W * *", "32 lies outside 1 to 31"),
        ("0 0 W * *", "nW, as in 15W or LW, stands alone"),
        ("0 0 * * L", "weekday field: 'L'"),
        ("0 0 * * 8L", "8 lies outside 0 to 7"),
        ("0 0 * * 1-5L", "weekday field: '1-5L'"),
        ("0 0 * * 1#0", "the number after # is 1 to 5"),
        ("0 0 * * 1#6", "the number after # is 1 to 5"),
        ("0 0 * * 1#L", "the number after # is 1 to 5"),
        ("0 0 * * #1", "weekday field: '#1'"),
        ("0 0 5#1 * *", "day field: '5#1'"),
    ],
)
def test_an_invalid_expression_is_told_what_is_wrong(expr: str, words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        check(expr, "UTC")


def test_a_long_expression_is_told_its_length_and_256_characters_are_enough() -> None:
    expr = "0," * 123 + "0 0 1 1 *"
    check(expr + " ", "UTC")
    assert len(expr + " ") == 256
    with pytest.raises(ValueError, match="this one has 257"):
        check(expr + "  ", "UTC")


@pytest.mark.parametrize(
    "expr", ["0 0 31 2 *", "0 0 30,31 2 ?", "0 0 31 2,4,6,9,11 *", "0 0 31W 6 *", "0 0 15W * */7", "0 0 */31 2 1#5"]
)
def test_an_expression_that_can_never_fire_is_an_error(expr: str) -> None:
    with pytest.raises(ValueError, match="never fires"):
        check(expr, "UTC")


@pytest.mark.parametrize("expr", ["0 0 31 2 1", "0 0 29 2 *", "0 0 29 2 */7", "0 0 29W 2 *", "0 0 * 2 0#5"])
def test_an_expression_that_fires_rarely_is_valid(expr: str) -> None:
    check(expr, "UTC")
