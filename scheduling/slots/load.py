"""How many slots of several schedules there are in each minute to come: when much starts, and when little. Pure.

Slots are counted where they are, before their jitter. A schedule that is due every second costs no more than one that
is due every minute.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from models.schedules import StoredSchedule
from scheduling.cron.minutes import LANE, Piece, pack, pieces, unpack
from scheduling.cron.zones import segments
from scheduling.slots.due import spec_of
from scheduling.slots.spec import TICK, Spec, count_slots, instant_at, microseconds

A_DAY = 1440
A_WEEK = 7 * A_DAY
"""In minutes."""

_MINUTE = 60_000_000
_SECOND = 1_000_000

Ticking = tuple[int, int, int, int]
"""An interval: its length, a slot of it, and from which minute to before which it counts."""


class Part(NamedTuple):
    """Slots of a spec that are later than `after` and not later than `until`."""

    spec: Spec
    after: datetime
    until: datetime


@dataclass(frozen=True, eq=False)
class Load:
    """How many slots there are in each minute from `since` on, which is a whole one."""

    since: datetime
    starts: tuple[int, ...]

    def by_hour(self, tz: str) -> tuple[tuple[int, ...], ...]:
        """Of each weekday, Monday first, and each hour of it in that zone."""
        return _by_hour(self, tz)

    def by_minute(self, tz: str) -> tuple[int, ...]:
        """Of each minute of the day in that zone, on the day on which it has most."""
        return _by_minute(self, tz)

    def by_minute_of_hour(self, tz: str) -> tuple[int, ...]:
        """Of each minute of the hour in that zone, all together."""
        return tuple(
            sum(sum(part[(minute - first) % 60 :: 60]) for first, part in _stretches(self, tz)) for minute in range(60)
        )


class Quiet(NamedTuple):
    """A minute in which little starts."""

    minute: int
    starts: int


def load_of(schedules: Iterable[StoredSchedule], since: datetime, minutes: int = A_WEEK) -> Load:
    """What they have to come from `since` on, a whole minute. What is paused without an end, set aside or has run out
    has nothing."""
    parts: Counter[Part] = Counter()
    for schedule in schedules:
        if schedule.error is None and (schedule.paused_at is None or schedule.paused_until is not None):
            try:
                part = _part_of(schedule, since, minutes)
            except (ValueError, OverflowError):  # planning will set it aside, and say what is wrong
                continue
            if part.after < part.until:
                parts[part] += 1
    return _load(since, minutes, frozenset(parts.items()))


def quietest(starts: Sequence[int], near: int | None = None, within: int = 30) -> Quiet:
    """Of minutes that follow each other in a circle, such as those of a day, one with the fewest starts: in the middle
    of the longest time that has so few; or the one nearest to another, so far away at most."""
    length = len(starts)
    if near is not None:
        around = sorted(range(-within, within + 1), key=abs)
        minute = min(((near + step) % length for step in around), key=lambda each: starts[each])
        return Quiet(minute, starts[minute])
    least = min(starts)
    if all(each == least for each in starts):
        return Quiet(length // 2, least)
    begin = next(minute for minute in range(length) if starts[minute] != least)
    best, so_far = (0, 0), 0
    for step in range(1, length + 1):
        so_far = so_far + 1 if starts[(begin + step) % length] == least else 0
        best = max(best, (so_far, step), key=lambda each: each[0])
    return Quiet((begin + best[1] - best[0] // 2) % length, least)


def _part_of(schedule: StoredSchedule, since: datetime, minutes: int) -> Part:
    """Not before its pause ends, and not more than are left of `max_runs`."""
    spec = spec_of(schedule)
    before, end = since - TICK, since + timedelta(minutes=minutes)
    after = max(before, schedule.cursor_at, schedule.paused_until or before, (spec.starts_at or since) - TICK)
    until = min(end - TICK, spec.ends_at or end)
    if schedule.max_runs is not None:
        begun = max(schedule.cursor_at, schedule.paused_until or schedule.cursor_at)
        left = max(0, schedule.max_runs - schedule.slots_run) - count_slots(spec, begun, max(begun, after))
        until = _last_of(spec, after, until, left)
    return Part(spec, after, until)


def _last_of(spec: Spec, after: datetime, until: datetime, left: int) -> datetime:
    """Until when there are so many slots and no more; `until` if there are fewer."""
    if left <= 0:
        return after
    if count_slots(spec, after, until) <= left:
        return until
    low, high = microseconds(after), microseconds(until)
    while high - low > 1:  # at `low` there are too few
        middle = (low + high) // 2
        low, high = (low, middle) if count_slots(spec, after, instant_at(middle)) >= left else (middle, high)
    return instant_at(high)


# A page asks for the same time and again, and schedules seldom change.
@lru_cache(maxsize=32)
def _load(since: datetime, minutes: int, parts: frozenset[tuple[Part, int]]) -> Load:
    counting = _Counting(since, minutes)
    for part, times in parts:
        try:
            counting.add(part, times)
        except (ValueError, OverflowError):
            continue
    return Load(since, counting.total())


class _Counting:
    """The sum of all, with what many share counted once."""

    def __init__(self, since: datetime, minutes: int) -> None:
        self._base, self._minutes = microseconds(since), minutes
        self._pieces: Counter[Piece] = Counter()
        self._ticking: Counter[Ticking] = Counter()
        self._starts = [0] * minutes

    def add(self, part: Part, times: int) -> None:
        """The whole minutes in one go, and what is left at both ends by itself."""
        spec, after, until = part
        first = -(-(microseconds(after) + 1 - self._base) // _MINUTE)
        last = (microseconds(until) + 1 - self._base) // _MINUTE
        if first > last or spec.at is not None:
            self._add_few(part, times)
            return
        self._add_few(Part(spec, after, self._at(first) - TICK), times)
        self._add_few(Part(spec, self._at(last) - TICK, until), times)
        if first == last:
            return
        if spec.cron:
            begin, end = (microseconds(self._at(minute)) // _SECOND for minute in (first, last))
            for piece in pieces(spec.cron, spec.timezone, begin, end):
                self._pieces[piece] += times
        elif spec.every_seconds is not None:
            step = timedelta(seconds=spec.every_seconds) // TICK
            anchor = microseconds(spec.starts_at) if spec.starts_at else 0
            self._ticking[step, anchor % step, first, last] += times

    def total(self) -> tuple[int, ...]:
        """All that was added."""
        for ticking, times in self._ticking.items():
            for minute, number in _minutes_of(ticking, self._base):
                self._starts[minute] += number * times
        days: defaultdict[int, int] = defaultdict(int)
        for (pattern, midnight, low, high), times in self._pieces.items():
            days[midnight] += pattern.between(low, high) * times
        lanes = pack(self._starts)
        for midnight, of_day in days.items():
            shift = LANE * (midnight // 60 - self._base // _MINUTE)
            lanes += of_day << shift if shift >= 0 else of_day >> -shift
        return unpack(lanes, self._minutes)

    def _add_few(self, part: Part, times: int) -> None:
        """Slots that are all in one minute, or one alone."""
        spec, after, until = part
        if after < until and (found := count_slots(spec, after, until)):
            self._starts[(microseconds(spec.at or until) - self._base) // _MINUTE] += found * times

    def _at(self, minute: int) -> datetime:
        return instant_at(self._base + minute * _MINUTE)


def _minutes_of(ticking: Ticking, base: int) -> Iterator[tuple[int, int]]:
    step, anchor, first, last = ticking
    begin, end = base + first * _MINUTE, base + last * _MINUTE
    if step < _MINUTE:
        before = (begin - 1 - anchor) // step
        for minute in range(first, last):
            until = (base + (minute + 1) * _MINUTE - 1 - anchor) // step
            yield minute, until - before
            before = until
        return
    for at in range(anchor - (anchor - begin) // step * step, end, step):
        yield (at - base) // _MINUTE, 1


@lru_cache(maxsize=64)
def _by_hour(load: Load, tz: str) -> tuple[tuple[int, ...], ...]:
    cells = [[0] * 24 for _ in range(7)]
    for first, part in _stretches(load, tz):
        for at in range(first - first % 60, first + len(part), 60):
            day, hour = divmod(at // 60, 24)
            cells[(day + 3) % 7][hour] += sum(part[max(0, at - first) : at - first + 60])  # 1970 began on a Thursday
    return tuple(map(tuple, cells))


@lru_cache(maxsize=64)
def _by_minute(load: Load, tz: str) -> tuple[int, ...]:
    days: dict[int, list[int]] = {}
    for first, part in _stretches(load, tz):
        for number, starts in enumerate(part, first):
            day, minute = divmod(number, A_DAY)
            days.setdefault(day, [0] * A_DAY)[minute] += starts
    return tuple(map(max, zip(*days.values(), strict=True)))


def _stretches(load: Load, tz: str) -> Iterator[tuple[int, tuple[int, ...]]]:
    """The minutes of each time of one UTC offset, with the number of the first one, as a clock there counts them since
    1970."""
    begin = microseconds(load.since) // _SECOND
    end = begin + 60 * len(load.starts)
    for segment in segments(tz, begin, end):
        low, high = max(begin, segment.starts), min(end, segment.ends)
        yield (low + segment.offset) // 60, load.starts[(low - begin) // 60 : (high - begin) // 60]
