"""Expressions in words, which say no more than is so."""

import pytest

from scheduling.cron import describe, matches_either


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        ("30 2 * * 1-5", "At 02:30, Monday through Friday"),
        ("@hourly", "Every hour"),
        ("*/90 * * * *", "Every hour"),
        ("5-5 * * * *", "At 5 minutes past the hour"),
        ("*/45 * * * *", "At 0 and 45 minutes past the hour"),
        ("*/5 * * * * *", "Every 5 seconds"),
        ("0 0 * * 7", "At 00:00, only on Sunday"),
        ("0 0 13 * 5", "At 00:00, on day 13 of the month, or on Friday"),
        ("0 18 25-31 * 1-5", "At 18:00, between day 25 and 31 of the month, or Monday through Friday"),
        (
            "5 9 1,15 6 mon,fri",
            "At 09:05, on day 1 and 15 of the month, or on Monday and Friday, only in June",
        ),
        ("0 0 1-31 * 5", "At 00:00"),
        ("0 0 * * friL", "At 00:00, on the last Friday of the month"),
        ("0 0 LW * *", "At 00:00, on the last weekday of the month"),
        ("0 0 15W * *", "At 00:00, on the weekday nearest day 15 of the month"),
        ("0 0 L * ?", "At 00:00, on the last day of the month"),
    ],
)
def test_an_expression_is_described_in_words(expr: str, expected: str) -> None:
    assert describe(expr) == expected


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        ("0 0 */2 * 1", "At 00:00, on days that match */2 * 1"),
        ("0 0 1,L * *", "At 00:00, on days that match 1,L * *"),
        ("0 0 * * 1#1,3#2", "At 00:00, on days that match * * 1#1,3#2"),
        ("0 0 13 * 1#1", "At 00:00, on days that match 13 * 1#1"),
        ("*/15 */2 * * *", "At times that match */15 */2 * * *"),
    ],
)
def test_where_words_would_mislead_the_fields_are_quoted(expr: str, expected: str) -> None:
    assert describe(expr) == expected


@pytest.mark.parametrize(
    ("expr", "either"),
    [
        ("0 18 25-31 * 1-5", True),
        ("0 0 13 * 5", True),
        ("0 0 * * 5", False),
        ("0 0 */2 * 1", False),
        ("0 0 1-31 * 5", False),
    ],
)
def test_days_that_match_one_of_two_fields_are_enough(expr: str, either: bool) -> None:
    assert matches_either(expr) is either


def test_an_invalid_expression_is_not_described() -> None:
    with pytest.raises(ValueError, match="never fires"):
        describe("0 0 31 2 *")
