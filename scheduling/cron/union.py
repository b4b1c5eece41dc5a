"""How often the union of several cron expressions fires: an instant at which two of them fire counts once. Pure.

The times of a day are bits of a number, so those of a union are the numbers' OR; the days of a month depend on nothing
but its shape. What it costs grows with the months, not with the fires, and with the expressions, not with their sets.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from itertools import accumulate, pairwise

from scheduling.cron.fields import CronRule
from scheduling.cron.fires import count_skipped, first_open, rule_of, to_seconds
from scheduling.cron.local import count_local, month_days, months_from
from scheduling.cron.zones import DAY, Segment, segments

Rules = tuple[CronRule, ...]


def count_union(exprs: Sequence[str], tz: str, after: datetime, until: datetime) -> int:
    """How many instants in (after, until] at least one expression fires at. ValueError as for `count_fires`."""
    rules = tuple(rule_of(expr) for expr in dict.fromkeys(exprs))
    low, high = to_seconds(after) + 1, to_seconds(until) + 1
    return sum(_count_within(rules, segment, low, high) for segment in segments(tz, low, high))


def _count_within(rules: Rules, segment: Segment, low: int, high: int) -> int:
    """The fires in a stretch of one UTC offset; its first instant apart, where a change of the clock may fire too."""
    includes_start = low <= segment.starts < high
    total = int(includes_start and any(_fires_at_start(rule, segment) for rule in rules))
    begin = max(low, segment.starts + includes_start)
    closes = min(segment.ends, high) + segment.offset
    opens = [first_open(rule, segment, begin) for rule in rules]
    for since, until in pairwise(sorted({*opens, max(closes, *opens)})):
        is_open = tuple(rule for rule, opened in zip(rules, opens, strict=True) if opened <= since)
        total += _count_local(is_open, since, min(until, closes)) if since < closes else 0
    return total


def _fires_at_start(rule: CronRule, segment: Segment) -> bool:
    local = segment.starts + segment.offset
    is_open = first_open(rule, segment, segment.starts) == local
    return bool(count_skipped(rule, segment) or (is_open and count_local(rule, local, local + 1)))


def _count_local(rules: Rules, low: int, high: int) -> int:
    """How many local times from `low` to before `high` match any of the rules."""
    (first, low_second), (last, high_second) = divmod(low, DAY), divmod(high, DAY)
    return (
        _times_before(rules, last, high_second)
        - _times_before(rules, first, low_second)
        + sum(
            before[min(last - start, len(before) - 1)] - before[max(first - start, 0)]
            for start, before in _months(rules, first, last)
        )
    )


def _months(rules: Rules, first: int, last: int) -> list[tuple[int, tuple[int, ...]]]:
    """Of each month with a day from `first` to before `last`: the day before its first, and `_times_in_month`."""
    found = []
    for start, *shape in months_from(first):
        if start + 1 >= last:
            break
        found.append((start + 1, _times_in_month(rules, *shape)))
    return found


@lru_cache(maxsize=4096)
def _times_in_month(rules: Rules, month: int, weekday: int, length: int) -> tuple[int, ...]:
    """How many times lie before each day of such a month, and before the next month."""
    counts = (_times(_matching(rules, month, weekday, length, day)).bit_count() for day in range(1, length + 1))
    return tuple(accumulate(counts, initial=0))


def _times_before(rules: Rules, day: int, second: int) -> int:
    """How many times of that day come before the second."""
    if not second:
        return 0
    start, month, weekday, length = next(months_from(day))
    times = _times(_matching(rules, month, weekday, length, day - start))
    return (times & ((1 << second) - 1)).bit_count()


def _matching(rules: Rules, month: int, weekday: int, length: int, day: int) -> Rules:
    return tuple(rule for rule in rules if month in rule.months and day in month_days(rule.days, weekday, length))


@lru_cache(maxsize=512)
def _times(rules: Rules) -> int:
    """The times of a day at which any of the rules fires: the bit of each second."""
    times = 0
    for rule in rules:
        minute = sum(1 << second for second in rule.seconds)
        hour = sum(minute << 60 * number for number in rule.minutes)
        for number in rule.hours:
            times |= hour << 3600 * number
    return times
