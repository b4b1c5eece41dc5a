"""Local times that match a cron rule, as if clocks never changed: counting them and finding the next one.

Local times are seconds since 1970-01-01T00:00 on the local clock; days are numbered from that day on.
croniter finds the days of a month for one item of one field at a time, in the forms that it reads rightly.
"""

from bisect import bisect_left
from calendar import monthrange
from collections.abc import Iterator
from datetime import MAXYEAR, UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import takewhile

from croniter import croniter

from scheduling.cron.fields import LAST, CronRule, DayRule
from scheduling.cron.zones import DAY

_UNIX_DAY = date(1970, 1, 1).toordinal()
_LENGTHS = {month: (28, 29) if month == 2 else (monthrange(2000, month)[1],) for month in range(1, 13)}
# One month of every shape: what matches depends only on a month's length and first weekday (0 is Monday).
_MONTH_OF_SHAPE = {monthrange(year, month): (year, month) for year in range(2000, 2028) for month in range(1, 13)}


def next_local(rule: CronRule, low: int) -> int:
    """The first matching local time that is not before `low`. ValueError when the year 9999 ends before it."""
    day, second = divmod(low, DAY)
    found = _next_day(rule, day)
    earlier = _times_before(rule, second) if found == day else 0
    if earlier == _times_a_day(rule):
        found, earlier = _next_day(rule, day + 1), 0
    return found * DAY + _time_of_day(rule, earlier)


def count_local(rule: CronRule, low: int, high: int) -> int:
    """How many local times match from `low` to before `high`: days times times a day, without listing them."""
    if low >= high:
        return 0
    (first, low_second), (last, high_second) = divmod(low, DAY), divmod(high, DAY)
    total = _count_days(rule, first, last) * _times_a_day(rule)
    total -= _count_days(rule, first, first + 1) * _times_before(rule, low_second)
    return total + _count_days(rule, last, last + 1) * _times_before(rule, high_second)


def each_local(rule: CronRule, low: int, high: int) -> Iterator[int]:
    """The local times that match from `low` to before `high`, in order."""
    first, last = low // DAY, (high - 1) // DAY
    for start, days in _months_from(rule, first):
        if start >= last:
            return
        for day in days:
            midnight = (start + day) * DAY
            if low <= midnight and midnight + DAY <= high:
                yield from _times_on(rule, midnight)
            elif low < midnight + DAY and midnight < high:
                yield from (at for at in _times_on(rule, midnight) if low <= at < high)


def has_days(rule: CronRule) -> bool:
    """Whether any day matches, in any year of the calendar's 400-year cycle."""
    shapes = ((weekday, length) for month in rule.months for length in _LENGTHS[month] for weekday in range(7))
    return any(month_days(rule.days, weekday, length) for weekday, length in shapes)


@lru_cache(maxsize=16384)
def month_days(rule: DayRule, first_weekday: int, length: int) -> tuple[int, ...]:
    """The matching days of a month of `length` days that begins on `first_weekday`, 0 being Monday."""
    by_date = _dates(rule, first_weekday, length)
    by_weekday = _weekdays(rule, first_weekday, length)
    return tuple(sorted(by_date & by_weekday if rule.needs_both else by_date | by_weekday))


def months_from(day: int) -> Iterator[tuple[int, int, int, int]]:
    """Each month from that of `day` on: the day before its first; the month, the weekday of its first, its length."""
    ordinal = max(day + _UNIX_DAY, 1)
    if ordinal > date.max.toordinal():
        return
    first = date.fromordinal(ordinal)
    year, month, start = first.year, first.month, ordinal - _UNIX_DAY - first.day
    while year <= MAXYEAR:
        weekday, length = monthrange(year, month)
        yield start, month, weekday, length
        year, month, start = year + month // 12, month % 12 + 1, start + length


def _next_day(rule: CronRule, day: int) -> int:
    for start, days in _months_from(rule, day):
        index = bisect_left(days, day - start)
        if index < len(days):
            return start + days[index]
    raise ValueError("the expression does not fire again before the year 10000")


def _count_days(rule: CronRule, first: int, last: int) -> int:
    total = 0
    for start, days in _months_from(rule, first):
        if start >= last:
            break
        total += bisect_left(days, last - start) - bisect_left(days, first - start)
    return total


def _months_from(rule: CronRule, day: int) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Each month from that of `day` on: the number of the day before its first, and its matching days."""
    for start, month, weekday, length in months_from(day):
        yield start, month_days(rule.days, weekday, length) if month in rule.months else ()


def _times_a_day(rule: CronRule) -> int:
    return len(rule.hours) * len(rule.minutes) * len(rule.seconds)


def _times_on(rule: CronRule, midnight: int) -> Iterator[int]:
    for hour in rule.hours:
        for minute in rule.minutes:
            at = midnight + hour * 3600 + minute * 60
            for second in rule.seconds:
                yield at + second


def _times_before(rule: CronRule, second_of_day: int) -> int:
    """How many of a matching day's times come before that second of the day."""
    minute_of_day, second = divmod(second_of_day, 60)
    hour, minute = divmod(minute_of_day, 60)
    hours, minutes = bisect_left(rule.hours, hour), bisect_left(rule.minutes, minute)
    total = hours * len(rule.minutes) * len(rule.seconds)
    if hour in rule.hours:
        total += minutes * len(rule.seconds)
        if minute in rule.minutes:
            total += bisect_left(rule.seconds, second)
    return total


def _time_of_day(rule: CronRule, index: int) -> int:
    """The second of the day of a matching day's time number `index`, from 0."""
    rest, second = divmod(index, len(rule.seconds))
    hour, minute = divmod(rest, len(rule.minutes))
    return rule.hours[hour] * 3600 + rule.minutes[minute] * 60 + rule.seconds[second]


def _dates(rule: DayRule, first_weekday: int, length: int) -> frozenset[int]:
    if rule.any_date:
        return frozenset(range(1, length + 1))
    if rule.nearest is not None:
        return _nearest_weekday(length if rule.nearest == LAST else rule.nearest, first_weekday, length)
    items = [str(day) for day in rule.dates] + ["L"] * rule.last_date
    return frozenset[int]().union(*(_plain_days(f"0 0 {item} * *", first_weekday, length) for item in items))


def _weekdays(rule: DayRule, first_weekday: int, length: int) -> frozenset[int]:
    if rule.any_weekday:
        return frozenset(range(1, length + 1))
    items = [str(weekday) for weekday in rule.weekdays]
    items += [f"L{weekday}" if which == LAST else f"{weekday}#{which}" for weekday, which in rule.nth_weekdays]
    return frozenset[int]().union(*(_plain_days(f"0 0 * * {item}", first_weekday, length) for item in items))


def _nearest_weekday(day: int, first_weekday: int, length: int) -> frozenset[int]:
    """The weekday nearest to `day` in the same month; none where the month has no such day."""
    if day > length:
        return frozenset()
    weekday = (first_weekday + day - 1) % 7
    if weekday == 5:
        day += -1 if day > 1 else 2
    if weekday == 6:
        day += 1 if day < length else -2
    return frozenset({day})


# There are 81 items and 28 shapes of months, so this ends up holding every answer.
@lru_cache(maxsize=4096)
def _plain_days(expr: str, first_weekday: int, length: int) -> frozenset[int]:
    year, month = _MONTH_OF_SHAPE[first_weekday, length]
    ticks = croniter(expr, datetime(year, month, 1, tzinfo=UTC) - timedelta(seconds=1)).all_next(datetime)
    return frozenset(tick.day for tick in takewhile(lambda tick: (tick.year, tick.month) == (year, month), ticks))
