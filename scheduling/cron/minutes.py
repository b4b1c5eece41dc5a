"""How often expressions fire in each minute, a day at a time: for who looks at a week of hundreds of schedules. Pure.

What fires in a day is a pattern that many days and many schedules share, so that nothing is listed fire by fire. From
1972 on every zone is whole minutes from UTC; before, this is not asked for.
"""

import struct
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from scheduling.cron.fields import CronRule
from scheduling.cron.fires import count_skipped, first_open, rule_of
from scheduling.cron.local import count_local, month_days, months_from
from scheduling.cron.zones import DAY, Segment, segments

Rules = tuple[CronRule, ...]


LANE = 64
"""In numbers that count the minutes of a time each minute has so many bits: they are added all at once."""


@dataclass(frozen=True, eq=False)
class Pattern:
    """How often something fires in each minute of a day, in lanes."""

    lanes: int

    def between(self, low: int, high: int) -> int:
        """Of the minutes from `low` to before `high`."""
        if (low, high) == (0, DAY // 60):
            return self.lanes
        return self.lanes >> LANE * low << LANE * low & (1 << LANE * high) - 1


class Piece(NamedTuple):
    """A day or a part of it: what the pattern has from minute `low` to before minute `high` after `midnight`, which is
    in seconds since 1970."""

    pattern: Pattern
    midnight: int
    low: int
    high: int


_ONCE = Pattern(1)


def pack(counts: Sequence[int]) -> int:
    """In lanes."""
    return int.from_bytes(struct.pack(f"<{len(counts)}Q", *counts), "little")


def unpack(lanes: int, minutes: int) -> tuple[int, ...]:
    """Out of lanes."""
    return struct.unpack(f"<{minutes}Q", lanes.to_bytes(minutes * LANE // 8, "little"))


@lru_cache(maxsize=4096)
def pieces(exprs: tuple[str, ...], tz: str, since: int, until: int) -> tuple[Piece, ...]:
    """When at least one of the expressions fires, from one whole minute to before another, both in seconds since 1970.
    ValueError as for `next_fire`."""
    rules = tuple(rule_of(expr) for expr in dict.fromkeys(exprs))
    return tuple(piece for segment in segments(tz, since, until) for piece in _within(rules, segment, since, until))


def _within(rules: Rules, segment: Segment, low: int, high: int) -> Iterator[Piece]:
    """In a stretch of one UTC offset, from when on each rule may fire there; and what a change at its start makes up
    for."""
    if low <= segment.starts < high and _makes_up(rules, segment):
        yield Piece(_ONCE, segment.starts, 0, 1)
    closes = min(segment.ends, high) + segment.offset
    opens = [first_open(rule, segment, max(low, segment.starts)) for rule in rules]
    for begin, end in pairwise(sorted({*opens, max(closes, *opens)})):
        is_open = tuple(rule for rule, opened in zip(rules, opens, strict=True) if opened <= begin)
        yield from _days(is_open, begin, min(end, closes), segment.offset)


def _makes_up(rules: Rules, segment: Segment) -> bool:
    """Whether something fires at the segment's start for times that were skipped, and nothing by itself."""
    local = segment.starts + segment.offset
    return any(count_skipped(rule, segment) for rule in rules) and not any(
        first_open(rule, segment, segment.starts) == local and count_local(rule, local, local + 1) for rule in rules
    )


def _days(rules: Rules, low: int, high: int, offset: int) -> Iterator[Piece]:
    for day in range(low // DAY, -(-high // DAY)) if low < high else ():
        if matching := _matching(rules, day):
            begin, end = max(low - day * DAY, 0) // 60, min(high - day * DAY, DAY) // 60
            yield Piece(_pattern(matching), day * DAY - offset, begin, end)


def _matching(rules: Rules, day: int) -> Rules:
    start, month, weekday, length = _month_of(day)
    return tuple(
        rule for rule in rules if month in rule.months and day - start in month_days(rule.days, weekday, length)
    )


@lru_cache(maxsize=64)
def _month_of(day: int) -> tuple[int, int, int, int]:
    return next(months_from(day))


@lru_cache(maxsize=4096)
def _pattern(rules: Rules) -> Pattern:
    if len(rules) == 1:
        return Pattern(pack(_counts(rules[0])))
    seconds: defaultdict[int, set[int]] = defaultdict(set)
    for rule in rules:
        for hour in rule.hours:
            for minute in rule.minutes:
                seconds[60 * hour + minute].update(rule.seconds)
    return Pattern(pack([len(seconds[minute]) if minute in seconds else 0 for minute in range(DAY // 60)]))


def _counts(rule: CronRule) -> list[int]:
    counts = [0] * (DAY // 60)
    for hour in rule.hours:
        for minute in rule.minutes:
            counts[60 * hour + minute] = len(rule.seconds)
    return counts
