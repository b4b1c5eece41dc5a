"""When a cron expression fires in a time zone. Pure: no clock, no I/O; the same arguments give the same answer.

The rule is Vixie cron's, with the clock changes of Debian's cron(8): an interval job follows the clock on the wall
through them; a fixed job fires once for the local times that a change of less than three hours skips, and not again
for those that come twice. Inside, instants and local times are Unix seconds.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache

from scheduling.cron.fields import CronRule, parse
from scheduling.cron.local import count_local, each_local, has_days, next_local
from scheduling.cron.zones import DAY, EPOCH, FIRST_SECOND, LAST_SECOND, Segment, load_zone, segment_at, segments

# From here on a forward change is a correction of the clock, for which nothing is made up.
_CORRECTION_SECONDS = 3 * 3600


def next_fire(expr: str, tz: str, after: datetime) -> datetime:
    """The first instant later than the aware instant `after` at which `expr` fires in the zone `tz`, in UTC.

    ValueError for an invalid expression or zone, for a naive `after`, and when nothing fires before the year 10000.
    """
    return EPOCH + timedelta(seconds=_next_fire(expr, tz, to_seconds(after)))


def count_fires(expr: str, tz: str, after: datetime, until: datetime) -> int:
    """How often `expr` fires later than `after` and not later than `until`. ValueError as in `next_fire`."""
    check(expr, tz)
    return _count_fires(rule_of(expr), tz, to_seconds(after), to_seconds(until))


def last_fires(expr: str, tz: str, after: datetime, until: datetime, limit: int) -> list[datetime]:
    """The newest fires, `limit` at most, later than `after` and not later than `until`, ascending, in UTC.

    ValueError as in `next_fire`.
    """
    check(expr, tz)
    rule, low, high = rule_of(expr), to_seconds(after), to_seconds(until)
    at = _last_with(rule, tz, low, high, limit) if limit > 0 else high
    fires = []
    for _ in range(_count_fires(rule, tz, at, high)):
        at = _next_fire(expr, tz, at)
        fires.append(EPOCH + timedelta(seconds=at))
    return fires


def each_fire(expr: str, tz: str, after: datetime, until: datetime) -> Iterator[int]:
    """When `expr` fires later than `after` and not later than `until`, in order, in seconds since 1970: as
    `next_fire` says it time and again, at a tenth of the cost. ValueError as there."""
    check(expr, tz)
    rule, low, high = rule_of(expr), to_seconds(after) + 1, to_seconds(until) + 1
    for segment in segments(tz, low, high):
        opens, closes = first_open(rule, segment, low), min(segment.ends, high) + segment.offset
        if _makes_up(rule, segment, low, opens):
            yield segment.starts
        for local in each_local(rule, opens, closes):
            yield local - segment.offset


def check(expr: str, tz: str) -> None:
    """ValueError, with words to act on, unless the expression and the zone are valid and fire at some time."""
    rule_of(expr)
    load_zone(tz)


def clock_remark(expr: str, tz: str, slot: datetime) -> str | None:
    """What a clock change did to the fire at the aware instant `slot`, in a short phrase; None if nothing.

    It begins with "moved" (one local time that does not exist fires here), "merged" (several fire here together)
    or "repeated" (this local time comes twice). ValueError as in `next_fire`.
    """
    rule, at = rule_of(expr), to_seconds(slot)
    segment = segment_at(tz, at)
    local = at + segment.offset
    if at == segment.starts and (skipped := count_skipped(rule, segment)):
        together = skipped + count_local(rule, local, local + 1)
        if together == 1:
            return f"moved: {_clock(next_local(rule, segment.seen))} does not exist on this day"
        return f"merged: {together} local times fire here together"
    if local < segment.seen:
        return f"repeated: {_clock(local)} comes twice, this is the second pass"
    if any(later.starts + later.offset <= local for later in segments(tz, segment.ends, at + 2 * DAY)):
        return f"repeated: {_clock(local)} comes twice, this is the first pass"
    return None


@lru_cache(maxsize=8192)
def rule_of(expr: str) -> CronRule:
    rule = parse(expr)
    if not has_days(rule):
        raise ValueError(f"{expr!r} never fires: no day matches its day, month and weekday fields")
    return rule


def to_seconds(instant: datetime) -> int:
    if instant.utcoffset() is None:
        raise ValueError(f"{instant.isoformat()} has no time zone; an instant must be aware")
    return min(max((instant - EPOCH) // timedelta(seconds=1), FIRST_SECOND - 1), LAST_SECOND)


# Many schedules share an expression, a zone and a slot.
@lru_cache(maxsize=32768)
def _next_fire(expr: str, tz: str, after: int) -> int:
    rule, at = rule_of(expr), after + 1
    load_zone(tz)
    while at <= LAST_SECOND:
        segment = segment_at(tz, at)
        fire = _first_fire(rule, segment, at)
        if fire is not None:
            return fire
        # A local time is less than a day from UTC, so there is nothing to find before this.
        at = max(segment.ends, next_local(rule, segment.ends - DAY) - DAY)
    raise ValueError(f"{expr!r} does not fire again before the year 10000")


def _first_fire(rule: CronRule, segment: Segment, at: int) -> int | None:
    """The first fire within the segment that is not before `at`."""
    if at <= segment.starts and count_skipped(rule, segment):
        return segment.starts
    local = next_local(rule, first_open(rule, segment, at))
    return local - segment.offset if local < segment.ends + segment.offset else None


def first_open(rule: CronRule, segment: Segment, at: int) -> int:
    """The local time from which on a job may fire in the segment, at the instant `at` or later."""
    local = max(segment.starts, at) + segment.offset
    return local if rule.is_interval else max(local, segment.seen)


def count_skipped(rule: CronRule, segment: Segment) -> int:
    """How many local times the change at the segment's start skipped that now fire there."""
    if rule.is_interval or segment.change >= _CORRECTION_SECONDS:
        return 0
    return count_local(rule, segment.seen, segment.starts + segment.offset)


def _count_fires(rule: CronRule, tz: str, after: int, until: int) -> int:
    return sum(_count_within(rule, segment, after + 1, until + 1) for segment in segments(tz, after + 1, until + 1))


def _count_within(rule: CronRule, segment: Segment, low: int, high: int) -> int:
    opens, closes = first_open(rule, segment, low), min(segment.ends, high) + segment.offset
    return count_local(rule, opens, closes) + _makes_up(rule, segment, low, opens)


def _makes_up(rule: CronRule, segment: Segment, low: int, opens: int) -> bool:
    """Whether a fire at the segment's start makes up for skipped times, and for nothing else."""
    return low <= segment.starts and not count_local(rule, opens, opens + 1) and count_skipped(rule, segment) > 0


def _last_with(rule: CronRule, tz: str, low: int, high: int, wanted: int) -> int:
    """The latest instant after which, up to `high`, there are as many fires as wanted; `low` if there are fewer."""
    span = wanted
    while high - span > low and _count_fires(rule, tz, high - span, high) < wanted:
        span *= 2
    low, beyond = max(low, high - span), high
    while beyond - low > 1:
        middle = (low + beyond) // 2
        low, beyond = (middle, beyond) if _count_fires(rule, tz, middle, high) >= wanted else (low, middle)
    return low


def _clock(local: int) -> str:
    time = EPOCH + timedelta(seconds=local)
    return time.strftime("%H:%M:%S" if time.second else "%H:%M")
