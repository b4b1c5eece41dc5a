"""A cron expression in English. Pure, and silent where words would mislead."""

from functools import lru_cache

from cron_descriptor import Options, get_description  # it publishes no types

from scheduling.cron.fields import LAST, CronRule, DayRule, split_fields
from scheduling.cron.fires import rule_of


@lru_cache(maxsize=4096)
def describe(expr: str) -> str:
    """The expression in English: "At 02:30, Monday through Friday". ValueError for an invalid expression.

    Where words would mislead, as with days that must match two fields, the day fields are quoted as they stand.
    """
    rule = rule_of(expr)
    times, days = _time_words(rule), _day_words(rule.days)
    if times is None:
        return f"At times that match {' '.join(expr.split())}"
    if days is None:
        return f"{_english(f'{times} * * *')}, on days that match {' '.join(split_fields(expr)[3:])}"
    months = _words(rule.months, 12)
    return _english(f"{times} {days[0]} {months} {days[1]}") if "*" in days else _either(times, months, *days)


def matches_either(expr: str) -> bool:
    """Whether it fires on days that match one of its day fields but not the other. ValueError for an invalid one."""
    days = rule_of(expr).days
    return not (days.needs_both or days.any_date or days.any_weekday)


def _either(times: str, months: str, dates: str, weekdays: str) -> str:
    """With the word between the two that matters: `cron-descriptor` leaves it out where one is a range."""
    when = _english(f"{times} * * *")
    fields = (f"{dates} * *", f"* * {weekdays}", f"* {months} *")
    date, weekday, month = (_english(f"{times} {each}").removeprefix(when).removeprefix(", ") for each in fields)
    return f"{when}, {date}, or {weekday.removeprefix('only ')}{month and f', {month}'}"


def _words(numbers: tuple[int, ...], size: int) -> str:
    """Numbers as the shortest text that `cron-descriptor` reads rightly: `*`, `*/s` without a remainder, or a list."""
    if len(numbers) == size:
        return "*"
    step = size // len(numbers)
    if len(numbers) > 2 and numbers == tuple(range(0, size, step)):
        return f"*/{step}"
    if len(numbers) > 2 and numbers[-1] - numbers[0] == len(numbers) - 1:
        return f"{numbers[0]}-{numbers[-1]}"
    return ",".join(str(number) for number in numbers)


def _time_words(rule: CronRule) -> str | None:
    """The second, minute and hour field for `cron-descriptor`; None where it would mislead."""
    seconds, minutes, hours = _words(rule.seconds, 60), _words(rule.minutes, 60), _words(rule.hours, 24)
    if len(rule.seconds) > 1 and "/" in minutes:
        return None
    if len(rule.seconds) * len(rule.minutes) > 1 and ("/" in hours or "," in hours):
        return None
    return f"{seconds} {minutes} {hours}"


def _day_words(days: DayRule) -> tuple[str, str] | None:
    """The day and the weekday field for `cron-descriptor`; None where it would mislead."""
    if not days.needs_both and (days.any_date or days.any_weekday):
        return "*", "*"
    by_date, by_weekday = _date_words(days), _weekday_words(days)
    if by_date is None or by_weekday is None:
        return None
    if "*" not in (by_date, by_weekday) and (days.needs_both or days.nth_weekdays):
        return None
    return by_date, by_weekday


def _date_words(days: DayRule) -> str | None:
    if days.any_date:
        return "*"
    if days.nearest is not None:
        return "LW" if days.nearest == LAST else f"{days.nearest}W"
    if days.last_date:
        return None if days.dates else "L"
    return _words(days.dates, 31)


def _weekday_words(days: DayRule) -> str | None:
    if days.any_weekday or not days.nth_weekdays:
        return _words(days.weekdays, 7)
    if days.weekdays or len(days.nth_weekdays) > 1:
        return None
    weekday, which = days.nth_weekdays[0]
    return f"{weekday}L" if which == LAST else f"{weekday}#{which}"


def _english(fields: str) -> str:
    options = Options(locale_code="en_US", use_24hour_time_format=True)
    return str(get_description(fields.removeprefix("0 "), options))
