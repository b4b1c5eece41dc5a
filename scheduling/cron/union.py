"""How often the union of several cron expressions fires: an instant at which two of them fire counts once. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from itertools import combinations

from scheduling.cron.fields import CronRule
from scheduling.cron.fires import count_skipped, first_open, rule_of, to_seconds
from scheduling.cron.local import count_local
from scheduling.cron.zones import Segment, segments


def count_union(exprs: Sequence[str], tz: str, after: datetime, until: datetime) -> int:
    """How many instants in (after, until] at least one expression fires at. ValueError as for `count_fires`.

    By inclusion and exclusion: what two expressions have in common is an expression too. The cost doubles with each.
    """
    rules = [rule_of(expr) for expr in dict.fromkeys(exprs)]
    low, high = to_seconds(after) + 1, to_seconds(until) + 1
    return sum(_count_within(rules, segment, low, high) for segment in segments(tz, low, high))


def _count_within(rules: Sequence[CronRule], segment: Segment, low: int, high: int) -> int:
    """The fires in a stretch of one UTC offset; its first instant apart, where a change of the clock may fire too."""
    closes = min(segment.ends, high) + segment.offset
    includes_start = low <= segment.starts < high
    total = int(includes_start and any(_fires_at_start(rule, segment) for rule in rules))
    begin = max(low, segment.starts + includes_start)
    for size in range(1, len(rules) + 1):
        for chosen in combinations(rules, size):
            opens = max(first_open(rule, segment, begin) for rule in chosen)
            total += (-1) ** (size + 1) * count_local(_common(chosen), opens, closes)
    return total


def _fires_at_start(rule: CronRule, segment: Segment) -> bool:
    local = segment.starts + segment.offset
    is_open = first_open(rule, segment, segment.starts) == local
    return bool(count_skipped(rule, segment) or (is_open and count_local(rule, local, local + 1)))


def _common(rules: Sequence[CronRule]) -> CronRule:
    """The rule of the local times that match all of these."""
    if len(rules) == 1:
        return rules[0]
    return CronRule(
        seconds=_both([rule.seconds for rule in rules]),
        minutes=_both([rule.minutes for rule in rules]),
        hours=_both([rule.hours for rule in rules]),
        months=_both([rule.months for rule in rules]),
        days=replace(rules[0].days, also=tuple(rule.days for rule in rules[1:])),
        is_interval=all(rule.is_interval for rule in rules),
    )


def _both(fields: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    return tuple(sorted(frozenset.intersection(*map(frozenset, fields))))
